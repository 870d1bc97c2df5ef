// A model in a page: load with progress, ask, stop. With a bundler the import would be "handheld/browser".
import { loadModel } from "/handheld/browser/index.js";

const [progress, status, form, prompt, send, stop, output, folder] = [
  ...["progress", "status", "form", "prompt", "send", "stop", "output", "folder"].map((id) =>
    document.getElementById(id),
  ),
];
let model = null;
let answering = null;

async function open(from) {
  model?.close();
  model = null;
  send.disabled = true;
  try {
    model = await loadModel(from, { onProgress: showProgress });
    status.textContent = describe(model.info);
    send.disabled = false;
  } catch (error) {
    status.textContent = error.message; // one line that says what is wrong and what to do
  }
}

function showProgress({ file, from, loadedBytes, totalBytes, remainingMs }) {
  progress.max = totalBytes ?? loadedBytes;
  progress.value = loadedBytes;
  const left = remainingMs > 1000 ? `, ${Math.ceil(remainingMs / 1000)} s left` : "";
  status.textContent = `${file} from the ${from}: ${(loadedBytes / 1e6).toFixed(1)} MB${left}`;
}

function describe({ name, format, functions, threads, simd, oneThreadBecause, from, loadMs, memoryBytes }) {
  const kind = functions === null ? "text" : `calls of ${functions.length} functions`;
  const how = `${threads} thread${threads === 1 ? "" : "s"}, SIMD ${simd}, ${Math.round(memoryBytes / 1e6)} MB`;
  const because = oneThreadBecause === null ? "" : ` (${oneThreadBecause})`;
  return `${name}: ${format}, ${kind}, from the ${from} in ${Math.round(loadMs)} ms; ${how}${because}`;
}

async function answer(text) {
  answering = new AbortController();
  const { signal } = answering;
  output.textContent = "";
  if (model.info.functions !== null) {
    const { calls, tokens, prefillMs, decodeMs } = await model.call(text, { signal });
    for (const call of calls) output.append(`${call.name} ${JSON.stringify(call.arguments)}\n`);
    output.append(`\n${tokens} tokens in ${(prefillMs + decodeMs).toFixed(1)} ms`);
    return;
  }
  for await (const event of model.generate(text, { maxTokens: 256, signal })) {
    if (event.type === "text") output.append(event.text);
    else output.append(`\n\n${event.tokens} tokens, ${((1000 * event.tokens) / event.decodeMs).toFixed(1)} tok/s`);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  [send.disabled, stop.disabled] = [true, false];
  await answer(prompt.value || prompt.placeholder).catch((error) => output.append(error.message));
  [send.disabled, stop.disabled] = [model === null, true];
});
stop.addEventListener("click", () => answering?.abort());
folder.addEventListener("change", () => open(folder.files));

await open("/model/");
