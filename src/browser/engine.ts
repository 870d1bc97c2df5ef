// The engine: runs in a Web Worker, loads one model and answers the page's requests, one after the other.
import { HandheldError } from "../errors.ts";
import { type GenerateEvent, generate } from "../generate/generate.ts";
import { type Backend, createBackend, detectSimd, detectThreads } from "../kernels/index.ts";
import { memoryNeed } from "../model/preflight.ts";
import { nextTurn } from "../turn.ts";
import { type Loaded, load } from "./load.ts";
import { type EngineOptions, type ModelInfo, type Reply, type Request, toPlainError } from "./protocol.ts";

type Asked<Type extends Request["type"]> = Extract<Request, { type: Type }>;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Request>) => void;
  postMessage(reply: Reply): void;
};
const running = new Map<number, AbortController>();
let queue = Promise.resolve();
let loaded: Loaded | null = null;

scope.onmessage = ({ data }) => {
  if (data.type === "abort") return running.get(data.id)?.abort();
  const stop = new AbortController();
  running.set(data.id, stop);
  queue = queue.then(() => answer(data, stop.signal));
};

async function answer(request: Exclude<Request, { type: "abort" }>, signal: AbortSignal): Promise<void> {
  const { id } = request;
  try {
    scope.postMessage({ type: "done", id, value: await run(request, signal) });
  } catch (error) {
    scope.postMessage({ type: "error", id, error: toPlainError(error) });
  } finally {
    running.delete(id);
  }
}

function run(request: Exclude<Request, { type: "abort" }>, signal: AbortSignal) {
  if (request.type === "load") return loadEngine(request, signal);
  if (request.type === "generate") return generateText(request, signal);
  return callFunctions(request, signal);
}

async function loadEngine({ id, from, options }: Asked<"load">, signal: AbortSignal): Promise<ModelInfo> {
  const start = performance.now();
  const backend = await createBackend({ simd: options.simd, threads: threadsFor(options) });
  try {
    const report = (event: Extract<Reply, { type: "event" }>["event"]) =>
      scope.postMessage({ type: "event", id, event });
    loaded = await load({ backend, from, options, signal, report });
    return describe(backend, loaded, options, performance.now() - start);
  } catch (error) {
    await backend.close();
    throw signal.aborted ? new HandheldError("aborted", "stopped", { cause: error }) : error;
  }
}

async function generateText({ id, prompt, options }: Asked<"generate">, signal: AbortSignal): Promise<null> {
  const send = (event: GenerateEvent) => scope.postMessage({ type: "event", id, event });
  if (signal.aborted) {
    send({
      type: "done",
      reason: "aborted",
      text: "",
      promptTokens: 0,
      reusedTokens: 0,
      tokens: 0,
      prefillMs: 0,
      decodeMs: 0,
    });
    return null;
  }
  for await (const event of generate(need().model, prompt, { ...options, signal })) {
    send(event);
    await nextTurn(); // lets the page's abort in after each token
  }
  return null;
}

async function callFunctions({ query }: Asked<"call">, signal: AbortSignal) {
  if (signal.aborted) throw new HandheldError("aborted", "stopped");
  const { caller, model } = need();
  if (caller === null) {
    const rule = "it was not made for calls; use generate";
    throw new HandheldError("unsupported", `${model.dir} has no handheld.json: ${rule}`);
  }
  return caller.call(query);
}

function need(): Loaded {
  if (loaded === null) throw new HandheldError("invalid-option", "no model is loaded");
  return loaded;
}

function describe(backend: Backend, { model, ...rest }: Loaded, options: EngineOptions, loadMs: number): ModelInfo {
  const { dir: name, spec, format } = model;
  const { from, cached, cacheProblem, functions } = rest;
  const { simd, threads } = backend;
  const memoryBytes = memoryNeed(backend, spec, format).totalBytes;
  const oneThreadBecause = threads === 1 ? reasonForOneThread(options) : null;
  return {
    ...{ name, spec, format, functions, simd, threads, oneThreadBecause, memoryBytes, loadMs },
    ...{ from, cached, cacheProblem },
  };
}

// A page that is not isolated gets one thread, however many it asks for.
function threadsFor({ threads, simd }: EngineOptions): number | undefined {
  return detectThreads() && simd !== "none" ? threads : 1;
}

function reasonForOneThread({ threads, simd }: EngineOptions): string | null {
  if (threads === 1 || navigator.hardwareConcurrency === 1) return null;
  if ((simd ?? detectSimd()) === "none") return "there is no WebAssembly SIMD: the plain TypeScript kernels run";
  return (
    "the page is not cross-origin isolated: memory can be shared between threads only with the headers " +
    "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
  );
}
