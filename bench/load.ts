// Load time and memory of an int4 model directory, each time in a fresh process with the files in the disk cache: from
// nothing to the first token, and resident memory beyond weights and KV cache.
//
//   node bench/load.ts [--model PhoneLM-0.5B] [--dir <folder to write to>] [--tokenizer <folder of a tokenizer.json>]
//     [--rounds 5] [--prompt 64] [--threads 2] [--json]
//
// The directory is written once, with random weights; without --tokenizer a small one is trained for it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { writeModelConfig } from "../src/model/directory.ts";
import { loadModel, tensorShapes } from "../src/model/index.ts";
import { saveSafetensors } from "../src/model/safetensors-file.ts";
import { randomFill } from "../src/model/weights.ts";
import { int4Bytes } from "../src/quant/index.ts";
import { preset } from "../src/spec/index.ts";
import { loadTokenizer, saveTokenizer, trainTokenizer } from "../src/tokenizer/index.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "PhoneLM-0.5B" },
    dir: { type: "string" },
    tokenizer: { type: "string" },
    rounds: { type: "string", default: "5" },
    prompt: { type: "string", default: "64" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
    /** Internal: measure this directory in this process. */
    measure: { type: "string" },
  },
});
const prompt = Number(options.prompt);

if (options.measure !== undefined) console.log(JSON.stringify(await measure(options.measure)));
else await rounds();

async function measure(dir: string) {
  const start = performance.now();
  const backend = await createBackend({ threads: options.threads === undefined ? undefined : Number(options.threads) });
  const model = await loadModel(backend, dir);
  const loaded = performance.now();
  const session = model.decoder.createSession();
  const sampler = model.decoder.createSampler();
  session.append([1]);
  session.sample(sampler);
  const ready = performance.now();
  // A prompt touches the whole workspace.
  session.append(Array.from({ length: prompt }, (_, i) => i));
  session.append([session.sample(sampler)]);
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const kvBytes = session.heldPages().length * session.pages.pageBytes;
  const result = {
    startMs: start,
    loadMs: loaded - start,
    firstTokenReadyMs: ready - start,
    rssMB: rss / 2 ** 20,
    weightsMB: model.decoder.weights.bytes / 2 ** 20,
    kvMB: kvBytes / 2 ** 20,
    beyondMB: (rss - model.decoder.weights.bytes - kvBytes) / 2 ** 20,
    heapUsedMB: heapUsed / 2 ** 20,
    externalMB: external / 2 ** 20,
    arrayBuffersMB: arrayBuffers / 2 ** 20,
    kernelMemoryMB: backend.allocatedBytes / 2 ** 20,
    peakRssMB: process.resourceUsage().maxRSS / 1024,
  };
  await backend.close();
  return result;
}

async function rounds(): Promise<void> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "handheld-load-"));
  try {
    if (!existsSync(join(dir, "config.json"))) await write(dir);
    const args = [process.argv[1]!, "--measure", dir, "--prompt", options.prompt];
    if (options.threads !== undefined) args.push("--threads", options.threads);
    // The first round warms the disk cache and does not count.
    const results = Array.from({ length: Number(options.rounds) + 1 }, () => {
      const child = spawnSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
      if (child.status !== 0) process.exit(child.status ?? 1);
      return JSON.parse(child.stdout) as Awaited<ReturnType<typeof measure>>;
    }).slice(1);
    if (options.json) console.log(JSON.stringify({ model: options.model, results }));
    else report(results);
  } finally {
    if (options.dir === undefined) rmSync(dir, { recursive: true });
  }
}

function report(results: Awaited<ReturnType<typeof measure>>[]): void {
  console.log(`${options.model}, ${results.length} fresh processes: median (least to most)`);
  for (const name of Object.keys(results[0]!) as (keyof (typeof results)[0])[]) {
    const sorted = results.map((result) => result[name]).sort((a, b) => a - b);
    const [least, middle, most] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!].map((x) => x.toFixed(1));
    console.log(`${name.padEnd(20)} ${middle!.padStart(8)}  (${least} to ${most})`);
  }
}

async function write(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const spec = preset(options.model);
  const fill = randomFill(1);
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    const isMatrix = shape.length === 2;
    const data = new Uint8Array(isMatrix ? int4Bytes(shape[0]!, shape[1]!) : 4 * shape[0]!);
    fill(name, data, shape, isMatrix ? "int4" : "f32");
    return isMatrix
      ? { name, dtype: "U8" as const, shape: [data.length], data }
      : { name, dtype: "F32" as const, shape, data: new Float32Array(data.buffer) };
  });
  await saveSafetensors(join(dir, "model.safetensors"), tensors);
  const tokenizer =
    options.tokenizer === undefined
      ? trainTokenizer(["the cat sat on the mat"], { vocabularySize: 300 })
      : await loadTokenizer(options.tokenizer);
  await saveTokenizer(tokenizer, dir);
  await writeModelConfig(dir, spec, "int4", { eosTokenId: tokenizer.eosId });
}
