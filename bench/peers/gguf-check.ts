// Does llama.cpp make of our GGUF files what we make of the models? Small models of each architecture that is written, with
// random weights, in F16, Q8_0 and Q4_0: at F16 the same greedy tokens as our engine on the same rounded weights, at Q8_0 and
// Q4_0 a text of as many tokens, and everywhere the same ids for the same strings.
//
//     npm run build && node bench/peers/gguf-check.ts      (half a minute; node-llama-cpp is installed in bench/peers)
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getLlama, type Llama } from "node-llama-cpp";
import { convertGguf, exportGguf, ggufTokenizer, type ModelToExport, openGguf } from "../../src/gguf/index.ts";
import { createBackend } from "../../src/kernels/index.ts";
import { loadModel } from "../../src/model/index.ts";
import { tensorShapes } from "../../src/model/layout.ts";
import { createRandom } from "../../src/random.ts";
import { createSpec, type SpecInput } from "../../src/spec/spec.ts";
import { createTokenizer, type Tokenizer, trainTokenizer } from "../../src/tokenizer/index.ts";

const fixtures = new URL("../../test/parity/fixtures/", import.meta.url);
const corpus = readFileSync(new URL("tokenizer/corpus.txt", fixtures), "utf8").split("\n");
const strings = [
  ...[
    "wake me up at 8 and call my sister",
    "It's 12345 o'clock, we'll see",
    "  two  spaces ",
    "über Łódź жук 漢字 👍🏽",
  ],
  ...[
    "line\nbreaks\r\n\r\n  and\ttabs",
    "x=1;y[2]{3}",
    "IT'S we'Re I'M",
    "foo!!\n\n  bar?\r\n",
    "a\u0301e\u0308 \u2028.",
  ],
];
const decoded = 40;
const clearLead = 0.03;

/** What is checked. */
interface Case {
  name: string;
  tokenizer(): Promise<Tokenizer>;
  spec: Omit<SpecInput, "vocabulary">;
}

const width = { layers: 3, width: 96, ffnWidth: 160, heads: 6, headSize: 16, context: 128, normEps: 1e-5 };
const llama = { ...width, kvHeads: 2, activation: "silu", ropeBase: 20_000, tiedEmbeddings: false } as const;

const llama3 = { type: "llama3", factor: 8, lowFrequency: 1, highFrequency: 4, original: 32 } as const;
const gpt2: Case["spec"] = {
  ...width,
  norm: "layer",
  gated: false,
  activation: "gelu_tanh",
  positions: "learned",
  qkvBias: true,
  outputBias: true,
  ffnBias: true,
};

const cases: readonly Case[] = [
  { name: "llama, our own tokenizer", tokenizer: async () => trained(), spec: llama },
  { name: "llama, smollm", tokenizer: () => fromPython("llama"), spec: { ...llama, tiedEmbeddings: true, kvHeads: 6 } },
  { name: "llama, llama-bpe", tokenizer: () => fromPython("llama-bpe"), spec: { ...llama, layerRepeat: 2 } },
  { name: "llama, SentencePiece", tokenizer: () => fromPython("pieces"), spec: { ...llama, headSize: 32 } },
  {
    name: "llama, RoPE scaled as Llama 3.1's",
    tokenizer: async () => trained(),
    spec: { ...llama, ropeScaling: llama3 },
  },
  { name: "llama, one FFN for all", tokenizer: async () => trained(), spec: { ...llama, sharedFfn: true } },
  {
    name: "llama, biases",
    tokenizer: async () => trained(),
    spec: { ...llama, qkvBias: true, outputBias: true, ffnBias: true },
  },
  {
    name: "qwen2, qwen2",
    tokenizer: () => fromPython("qwen2"),
    spec: { ...llama, qkvBias: true, tiedEmbeddings: true },
  },
  { name: "gpt2, our own tokenizer", tokenizer: async () => trained(), spec: gpt2 },
  { name: "gpt2, gpt-2", tokenizer: async () => trained(Infinity), spec: { ...gpt2, tiedEmbeddings: false } },
];

function trained(maxDigits = 1): Tokenizer {
  return trainTokenizer(corpus, { vocabularySize: 400, specialTokens: ["<|endoftext|>"], maxDigits });
}

/** The tokenizer of a file that Python's package wrote. */
async function fromPython(name: string): Promise<Tokenizer> {
  const path = fileURLToPath(new URL(`gguf/${name}.gguf`, fixtures));
  const file = await openGguf(path);
  await file.close();
  const { json, config } = ggufTokenizer(file, path);
  return createTokenizer(json, config);
}

/** Weights under which every part of the network moves the logits. */
function randomModel({ name, spec: shape }: Case, tokenizer: Tokenizer, seed: number): ModelToExport {
  const spec = createSpec({ ...shape, vocabulary: Math.ceil(tokenizer.size / 32) * 32 });
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    const random = createRandom(seed, name);
    const [deviation, mean] =
      shape.length === 2 ? [1.2 / Math.sqrt(shape[1]!), 0] : [0.2, name.endsWith(".bias") ? 0 : 1];
    const values = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => mean + deviation * random.normal(),
    );
    return { name, shape, read: async () => values };
  });
  return { spec, tokenizer, tensors, name };
}

/** Our engine's greedy tokens behind a prompt, in float32, and the least lead of a first choice over the second. */
async function ourTokens(file: string, directory: string, prompt: readonly number[]) {
  await convertGguf(file, directory, { format: "f32" });
  const backend = await createBackend({ threads: 1 });
  const model = await loadModel(backend, directory);
  const session = model.decoder.createSession({ kv: "f32" });
  const tokens: number[] = [];
  let leastLead = Number.POSITIVE_INFINITY;
  session.append(prompt);
  while (tokens.length < decoded) {
    const logits = session.logits();
    const [first, second] = logits.reduce(
      ([a, b], logit, id) =>
        logit > logits[a]! ? [id, a] : b < 0 || logit > logits[b]! ? [a, id === a ? b : id] : [a, b],
      [0, -1] as [number, number],
    );
    leastLead = Math.min(leastLead, logits[first]! - logits[second]!);
    tokens.push(first);
    session.append([first]);
  }
  session.close();
  model.close();
  await backend.close();
  return { tokens, leastLead };
}

/** llama.cpp's greedy tokens behind a prompt, and its ids for the strings. */
async function theirs(llama: Llama, modelPath: string, prompt: readonly number[]) {
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({
    contextSize: 128,
    threads: { ideal: 1, min: 1 },
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const tokens: number[] = [];
  const sequence = context.getSequence();
  for await (const token of sequence.evaluate([...prompt], { temperature: 0, yieldEogToken: true })) {
    tokens.push(token);
    if (tokens.length === decoded) break;
  }
  const ids = strings.map((text) => [...model.tokenize(text, true)]);
  await context.dispose();
  await model.dispose();
  return { tokens, ids };
}

async function check(llama: Llama, each: Case, folder: string): Promise<boolean> {
  const tokenizer = await each.tokenizer();
  const expected = strings.map((text) => tokenizer.encode(text));
  const prompt = tokenizer.encode("wake me up at 8 and");
  let good = true;
  let seed = 0;
  for (const type of ["F16", "Q8_0", "Q4_0"] as const) {
    const path = join(folder, `${type}.gguf`);
    const run = async () => {
      await exportGguf(path, randomModel(each, tokenizer, seed), type);
      return ourTokens(path, join(folder, `${each.name} ${type} ${seed}`), prompt);
    };
    // At F16 weights whose choices are clear and many: llama.cpp rounds activations to 16 bits on the way.
    const unclear = ({ tokens, leastLead }: Awaited<ReturnType<typeof run>>) =>
      leastLead < clearLead || new Set(tokens).size < decoded / 3;
    let ours = await run();
    while (type === "F16" && unclear(ours) && seed < 50) {
      seed++;
      ours = await run();
    }
    const got = await theirs(llama, path, prompt);
    const same = ours.tokens.findIndex((token, i) => token !== got.tokens[i]);
    const wrongIds = strings.filter((_, i) => got.ids[i]!.join() !== expected[i]!.join());
    const passed = wrongIds.length === 0 && got.tokens.length === decoded && (type !== "F16" || same < 0);
    const agree = same < 0 ? `${decoded} of ${decoded}` : `${same} of ${decoded}`;
    console.log(
      `${passed ? "ok  " : "FAIL"} ${each.name}, ${type}: first ${agree} greedy tokens the same (${new Set(ours.tokens).size} different, least lead ${ours.leastLead.toFixed(3)}), ` +
        `${strings.length - wrongIds.length} of ${strings.length} strings the same ids`,
    );
    for (const text of wrongIds) {
      const i = strings.indexOf(text);
      console.log(`     ${JSON.stringify(text)}: ours ${expected[i]}, theirs ${got.ids[i]}`);
    }
    good &&= passed;
  }
  return good;
}

const folder = mkdtempSync(join(tmpdir(), "handheld-gguf-check-"));
const engine = await getLlama({ gpu: false, build: "never", maxThreads: 1, logLevel: "error" });
console.log(`llama.cpp ${engine.llamaCppRelease.release}`);
try {
  let good = true;
  for (const each of cases) good = (await check(engine, each, folder)) && good;
  if (!good) process.exitCode = 1;
} finally {
  await engine.dispose();
  rmSync(folder, { recursive: true });
}
