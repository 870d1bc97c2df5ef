// Does layer sharing pay here? MobileLLM-125M, the same with every block run twice (LS), and 60 layers of their own:
// what the paper's Table 7 measures on a phone, with int4 weights. Run after `npm run build`:
//   node bench/layer-sharing.ts [--threads 2] [--rounds 5] [--context 64] [--folder <dir>] [--json]
// Each model is written once as a directory of random int4 weights and loaded from the warm disk cache, each time in a
// fresh process. Load: weights from file to memory. Init: kernels and threads, workspace, KV cache, first token. Execute:
// one decoded token (fastest of many slices, then the median of the rounds). Sampling is left out.
// What the second run of a block costs tells where its weights came from: bytes of the blocks ÷ (time of LS in the int4
// products − time of the base in them), beside the memory's read bandwidth.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { defaultWorkingSet, measureSpeeds } from "../src/devices/probe.ts";
import { createBackend } from "../src/kernels/index.ts";
import { modelFiles, writeModelConfig } from "../src/model/directory.ts";
import { tensorShapes } from "../src/model/layout.ts";
import { loadDecoder } from "../src/model/load.ts";
import { saveSafetensors } from "../src/model/safetensors-file.ts";
import { randomFill } from "../src/model/weights.ts";
import { int4Bytes } from "../src/quant/int4.ts";
import { profileDecode } from "../src/search/profile.ts";
import { blockMatrices, matrixBytes, modelBytes } from "../src/spec/arithmetic.ts";
import { preset } from "../src/spec/presets.ts";
import type { Spec } from "../src/spec/spec.ts";
import { measureInTurns, median, setting } from "./fresh.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
    rounds: { type: "string", default: "5" },
    context: { type: "string", default: "64" },
    folder: { type: "string" },
    variant: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const threads = Number(options.threads);
const context = Number(options.context);
const base = preset("MobileLLM-125M");
const models: Record<string, Spec> = {
  base,
  shared: preset("MobileLLM-125M-LS"),
  deep: { ...base, layers: 2 * base.layers },
};
const titles: Record<string, string> = {
  base: "MobileLLM-125M, 30 layers",
  shared: "MobileLLM-LS-125M, 30 layers run twice",
  deep: "60 layers of their own",
};

interface Measured {
  loadMs: number;
  initMs: number;
  executeMs: number;
  /** Time in the blocks' int4 products of one token, mean over the threads, waiting included. */
  productsMs: number;
  residentBytes: number;
  /** Memory that the backend reserved for weights, workspace and cache. */
  reservedBytes: number;
  readGBps: number;
}

if (options.variant === undefined) await report();
else console.log(JSON.stringify(await measure(join(options.folder!, options.variant))));

async function measure(dir: string): Promise<Measured> {
  const started = performance.now();
  const backend = await createBackend({ threads });
  const created = performance.now();
  const decoder = await loadDecoder(backend, dir);
  const loaded = performance.now();
  const session = decoder.createSession({ capacity: context + 64 });
  session.append([1]);
  session.logits();
  const ready = performance.now();
  const { rss } = process.memoryUsage();
  const reservedBytes = backend.allocatedBytes;
  session.close();
  const profile = await profileDecode(decoder, context, { repeats: 30 });
  decoder.close();
  const { readGBps } = measureSpeeds(backend, defaultWorkingSet(backend, null));
  await backend.close();
  const { busyMs, waitingMs, plainMs } = profile;
  return {
    loadMs: loaded - created,
    initMs: created - started + ready - loaded,
    executeMs: plainMs - busyMs.sampling,
    productsMs: busyMs.projections + busyMs.ffn + waitingMs.projections + waitingMs.ffn,
    residentBytes: rss,
    reservedBytes,
    readGBps,
  };
}

/** A model directory without a tokenizer. */
async function writeRandomModel(dir: string, spec: Spec): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const fill = randomFill(1);
  const tensors = tensorShapes(spec).map(({ name, shape }) => {
    const vector = shape.length === 1;
    const data = new Uint8Array(vector ? 4 * shape[0]! : int4Bytes(shape[0]!, shape[1]!));
    fill(name, data, shape, vector ? "f32" : "int4");
    if (!vector) return { name, dtype: "U8" as const, shape: [data.byteLength], data };
    return { name, dtype: "F32" as const, shape, data: new Float32Array(data.buffer) };
  });
  await saveSafetensors(`${dir}/${modelFiles.weights}`, tensors);
  await writeModelConfig(dir, spec, "int4", {});
}

async function report(): Promise<void> {
  const rounds = Number(options.rounds);
  const folder = mkdtempSync(join(tmpdir(), "handheld-layer-sharing-"));
  try {
    for (const [name, spec] of Object.entries(models)) await writeRandomModel(join(folder, name), spec);
    process.argv.push("--folder", folder);
    print(measureInTurns<Measured>(Object.keys(models), rounds), rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(results: Map<string, Measured[]>, rounds: number): void {
  const of = (model: string, key: keyof Measured) => median(results.get(model)!.map((one) => one[key]));
  const blockBytes = blockMatrices(base).reduce((sum, [rows, columns]) => sum + matrixBytes(rows, columns, "int4"), 0);
  const readGBps = Math.max(...[...results.values()].flat().map((one) => one.readGBps));
  const rate = (ms: number) => (base.layers * blockBytes) / ms / 1e6;
  const second = {
    blockBytes,
    readGBps,
    firstRunGBps: rate(of("base", "productsMs")),
    secondRunGBps: rate(of("shared", "productsMs") - of("base", "productsMs")),
    deepSecondHalfGBps: rate(of("deep", "productsMs") - of("base", "productsMs")),
  };
  const rows = Object.entries(models).map(([model, spec]) => {
    const values = {
      loadMs: of(model, "loadMs"),
      initMs: of(model, "initMs"),
      executeMs: of(model, "executeMs"),
      residentBytes: of(model, "residentBytes"),
      reservedBytes: of(model, "reservedBytes"),
    };
    const times = results.get(model)!.map((one) => one.executeMs);
    return { model: titles[model]!, weightBytes: modelBytes(spec, "int4"), ...values, executeRange: range(times) };
  });
  const about = { ...setting(threads, rounds), context: `context ${context}` };
  if (options.json) {
    console.log(JSON.stringify({ ...about, rows, second }));
    return;
  }
  console.log(`${Object.values(about).join(" · ")}\n`);
  console.log("| model | weights | load | init | execute (range) | against the base | reserved | process |");
  console.log("|:--|--:|--:|--:|--:|--:|--:|--:|");
  for (const row of rows) {
    const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    const cells = [
      row.model,
      mb(row.weightBytes),
      `${row.loadMs.toFixed(0)} ms`,
      `${row.initMs.toFixed(0)} ms`,
      `${row.executeMs.toFixed(2)} ms (${row.executeRange.map((ms) => ms.toFixed(2)).join("–")})`,
      `${(row.executeMs / rows[0]!.executeMs).toFixed(2)} ×`,
      mb(row.reservedBytes),
      mb(row.residentBytes),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  console.log(
    `\nA block is ${(blockBytes / 1e6).toFixed(2)} MB of int4. Its products read ${second.firstRunGBps.toFixed(1)} GB/s in the base, ` +
      `${second.secondRunGBps.toFixed(1)} GB/s in the second run of a shared block, ${second.deepSecondHalfGBps.toFixed(1)} GB/s in the ` +
      `30 further blocks of the deep model; memory gives ${readGBps.toFixed(1)} GB/s to plain reads.`,
  );
}

function range(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
