// What each weight format costs in perplexity, on one model and one text, against llama.cpp's Q4_0 of as many bits:
//
//   node bench/quantize-quality.ts [--model <dir>] [--minutes 6] [--tokens 40000] [--window 512] [--threads 2]
//     [--calibration-tokens 16384] [--data ../shared/data/wikitext-2] [--llama] [--json]
//
// The model (a float directory; Llama's architecture, tied embeddings) is trained on WikiText-2's validation text if it is
// not there yet, and measured on the test text. Calibration also sees validation text only. "f32 activations": the rounded
// weights in the f32 engine, so only the weights differ. "as run": int8 activations too; for Q4_0 that is llama.cpp itself
// (--llama; needs npm install in bench/peers). KV caches are f32. ± is the standard error of the difference to f32, from
// the same tokens. Lower is better.
import { execSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { calibrationSequences } from "../src/model/calibration-text.ts";
import {
  calibrateInt4,
  createTrainable,
  Decoder,
  loadModel,
  type NamedTensor,
  readFloatTensors,
  saveModel,
  type WeightFormat,
} from "../src/model/index.ts";
import { int8Layout, packGgml, packInt4, packInt8, unpackGgml, unpackInt4, unpackInt8 } from "../src/quant/index.ts";
import { createSpec, type Spec } from "../src/spec/index.ts";
import { trainTokenizer } from "../src/tokenizer/index.ts";
import { createRecipe, type TrainExample, train } from "../src/train/index.ts";
import { writeLlamaModel } from "./peers/weights/llama-model.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: join(tmpdir(), "handheld-quantize-quality") },
    minutes: { type: "string", default: "6" },
    tokens: { type: "string", default: "40000" },
    window: { type: "string", default: "512" },
    threads: { type: "string", default: "2" },
    "calibration-tokens": { type: "string", default: "16384" },
    data: { type: "string", default: "../shared/data/wikitext-2" },
    llama: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const [window, threads] = [Number(options.window), Number(options.threads)];
const [trainText, testText] = ["valid", "test"].map((split) => {
  const path = `${options.data}/${split}.txt`;
  if (!existsSync(path)) {
    console.error(`${path} is missing: give the folder of WikiText-2's valid.txt and test.txt with --data`);
    process.exit(1);
  }
  return readFileSync(path, "utf8");
}) as [string, string];
const say = (text: string) => options.json || console.log(text);

const backend = await createBackend({ threads });
if (!existsSync(join(options.model, "config.json"))) await learn(options.model);
const { spec, tensors } = await readFloatTensors(options.model);
const { tokenizer, close } = await loadModel(backend, options.model);
close();
const ids = tokenizer.encode(testText.slice(0, 16 * Number(options.tokens))).slice(0, Number(options.tokens));
const windows = Array.from({ length: Math.ceil(ids.length / window) }, (_, i) =>
  ids.slice(i * window, (i + 1) * window),
);
const commit = execSync("git rev-parse --short HEAD", { encoding: "utf8" }).trim();
say(`${cpus()[0]?.model}, Node ${process.version}, commit ${commit}, ${threads} threads`);
say(
  `${spec.layers} layers of width ${spec.width}, FFN ${spec.ffnWidth}, vocabulary ${spec.vocabulary}; ${ids.length} test tokens in windows of ${window}`,
);

/** A row of the table. Losses per token, in nats. */
interface Row {
  format: string;
  bitsPerWeight: number;
  activations: string;
  losses: number[];
}
const rows: Row[] = [];
const exact = floatLosses(tensors);
add({ format: "f32", bitsPerWeight: 32, activations: "f32", losses: exact });

const int8Bits = 8 + 32 / spec.width;
add({ format: "int8", bitsPerWeight: int8Bits, activations: "f32", losses: floatLosses(matrices(roundInt8)) });
add({ format: "int8", bitsPerWeight: int8Bits, activations: "int8", losses: packedLosses("int8", packInt8Matrix) });

const plain = new Map(tensors.filter(isMatrix).map((tensor) => [tensor.name, packOf(tensor)]));
const calibrated = await calibrate();
for (const [format, packed] of [
  ["int4", plain],
  ["int4, calibrated", calibrated],
] as const) {
  const unpacked = matrices(({ name, shape }) => unpackInt4(packed.get(name)!, shape[0]!, shape[1]!));
  add({ format, bitsPerWeight: 4.5, activations: "f32", losses: floatLosses(unpacked) });
  const losses = packedLosses("int4", ({ name }) => packed.get(name)!);
  add({ format, bitsPerWeight: 4.5, activations: "int8", losses });
}

add({
  format: "Q4_0",
  bitsPerWeight: 4.5,
  activations: "f32",
  losses: floatLosses(matrices(({ data }) => roundQ4_0(data))),
});
if (options.llama) {
  const { losses, about } = await llama();
  add({ format: "Q4_0", bitsPerWeight: 4.5, activations: `as run by ${about}`, losses });
}
if (options.json) {
  const results = rows.map(({ losses, ...row }) => ({ ...row, perplexity: Math.exp(mean(losses)) }));
  console.log(JSON.stringify({ spec, tokens: ids.length, window, commit, threads, rows: results }));
}
await backend.close();

function add(row: Row): void {
  rows.push(row);
  const differences = row.losses.map((loss, i) => loss - exact[i]!);
  const by = mean(differences);
  const error = Math.sqrt(mean(differences.map((d) => (d - by) ** 2)) / differences.length);
  const percent = (x: number) => `${(100 * x).toFixed(3)} %`;
  const worse = row.losses === exact ? "" : `${by < 0 ? "" : "+"}${percent(Math.exp(by) - 1)} ± ${percent(error)}`;
  say(
    `${row.format.padEnd(18)}${row.bitsPerWeight.toFixed(2).padStart(6)} bits  ${`activations ${row.activations}`.padEnd(36)} ${Math.exp(mean(row.losses)).toFixed(3).padStart(9)}  ${worse}`,
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function isMatrix({ shape }: NamedTensor): boolean {
  return shape.length === 2;
}

/** The model with every matrix replaced. */
function matrices(change: (tensor: NamedTensor) => Float32Array): NamedTensor[] {
  return tensors.map((tensor) => (isMatrix(tensor) ? { ...tensor, data: change(tensor) } : tensor));
}

function packOf({ data, shape }: NamedTensor): Uint8Array {
  return packInt4(data, shape[0]!, shape[1]!);
}

function roundInt8({ data, shape }: NamedTensor): Float32Array {
  return unpackInt8(packInt8(data, shape[0]!, shape[1]!));
}

/** What is left of weights in llama.cpp's Q4_0. */
function roundQ4_0(weights: Float32Array): Float32Array {
  const rounded = new Float32Array(weights.length);
  unpackGgml("Q4_0", packGgml("Q4_0", weights), rounded);
  return rounded;
}

/** In the layout of memory. */
function packInt8Matrix({ data, shape }: NamedTensor): Uint8Array {
  const [rows, columns] = shape as [number, number];
  const { codes, scales } = packInt8(data, rows, columns);
  const panelBytes = int8Layout.codeAt(0, 32 * Math.ceil(columns / 32));
  const bytes = new Uint8Array(Math.ceil(rows / 8) * panelBytes);
  const [signed, floats] = [new Int8Array(bytes.buffer), new Float32Array(bytes.buffer)];
  for (let row = 0; row < rows; row++) {
    const panel = (row >> 3) * panelBytes;
    floats[panel / 4 + (row & 7)] = scales[row]!;
    for (let k = 0; k < columns; k++) signed[panel + int8Layout.codeAt(row & 7, k)] = codes[row * columns + k]!;
  }
  return bytes;
}

async function calibrate(): Promise<Map<string, Uint8Array>> {
  const decoder = floatDecoder(tensors);
  const started = performance.now();
  const sequences = calibrationSequences(tokenizer, trainText, Number(options["calibration-tokens"]), window);
  const packed = await calibrateInt4(decoder, sequences);
  decoder.close();
  const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
  say(`(calibrated on ${tokens} tokens in ${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return packed;
}

function floatDecoder(weights: readonly NamedTensor[]): Decoder {
  const byName = new Map(weights.map((tensor) => [tensor.name, tensor.data]));
  return Decoder.create(backend, spec, "f32", (name, target) => {
    const data = byName.get(name)!;
    target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}

function floatLosses(weights: readonly NamedTensor[]): number[] {
  return lossesOf(floatDecoder(weights));
}

function packedLosses(format: WeightFormat, pack: (tensor: NamedTensor) => Uint8Array): number[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return lossesOf(
    Decoder.create(backend, spec, format, (name, target) => {
      const tensor = byName.get(name)!;
      target.set(isMatrix(tensor) ? pack(tensor) : new Uint8Array(tensor.data.slice().buffer));
    }),
  );
}

/** Cross-entropy of every token after the first of its window. Closes the decoder. */
function lossesOf(decoder: Decoder): number[] {
  const session = decoder.createSession({ capacity: window, kv: "f32" });
  const losses: number[] = [];
  for (const part of windows) {
    session.truncate(0);
    session.score(part, (i, logits) => {
      const target = part[i + 1];
      if (target === undefined) return;
      let most = Number.NEGATIVE_INFINITY;
      for (const logit of logits) most = Math.max(most, logit);
      let sum = 0;
      for (const logit of logits) sum += Math.exp(logit - most);
      losses.push(most + Math.log(sum) - logits[target]!);
    });
  }
  session.close();
  decoder.close();
  return losses;
}

async function llama(): Promise<{ losses: number[]; about: string }> {
  const { llamaLosses } = await import("./peers/score.ts");
  const folder = mkdtempSync(join(tmpdir(), "handheld-q4_0-"));
  try {
    const path = join(folder, "model.gguf");
    await writeLlamaModel(path, spec, tensors);
    return await llamaLosses(path, windows, { context: window, threads });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Trains a model on the validation text; windows end to end, a loss on every token. */
async function learn(dir: string): Promise<void> {
  const trained = trainTokenizer(trainText.split("\n"), { vocabularySize: 2048 });
  const shape: Spec = createSpec({
    layers: 4,
    width: 256,
    ffnWidth: 768,
    heads: 4,
    kvHeads: 2,
    vocabulary: trained.size,
    context: window,
  });
  const all = Int32Array.from(trained.encode(trainText));
  const examples: TrainExample[] = [];
  for (let at = 0; at + 256 < all.length; at += 256) {
    const part = all.slice(at, at + 257);
    examples.push({ ids: part, weights: new Float32Array(part.length).fill(1) });
  }
  const model = createTrainable(backend, shape);
  const recipe = createRecipe({ length: { minutes: Number(options.minutes) }, batchTokens: 1280, validations: 0 });
  let note = "";
  for await (const event of train(model, { name: "WikiText-2", examples: () => examples }, recipe)) {
    if (event.type === "step") note = `${event.step} steps, training loss ${event.loss.toFixed(3)}`;
  }
  await saveModel(dir, { spec: shape, tensors: model.tensors(), tokenizer: trained });
  model.close();
  say(`trained for ${note}; kept in ${dir}`);
}
