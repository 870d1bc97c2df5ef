// Made-up records of real models, as many as asked for: valid, and as full as runs of `handheld eval --cost` are. Larger and
// later models answer better; larger ones are slower, and slower still on small devices. Figures are invented.
import { catalogueModels } from "../catalogue/models/index.ts";
import type { CostPoint } from "../cost/result.ts";
import type { TaskResult } from "../eval/result.ts";
import { createRandom, type Random } from "../random.ts";
import { type ResultRecord, recordSchema } from "../results/record.ts";

/** What varies. */
export interface MadeUp {
  count: number;
  /** Models of the catalogue to take; default: all. */
  models?: number;
  devices?: number;
  seed?: number;
}

const devices: readonly ResultRecord["device"][] = [
  device("workstation", "local", "linux", "x64", "AMD EPYC 9654", 8, 32e9),
  device("laptop", "local", "darwin", "arm64", "Apple M2", 8, 16e9),
  device("Pixel 8", "phone", "Android", "arm64", "Google Tensor G3", 9, 8e9, "Chrome"),
  device("Xiaomi 14", "adb", "android", "arm64", "Snapdragon 8 Gen 3", 8, 16e9),
  device("Raspberry Pi 5", "ssh", "linux", "arm64", "Cortex-A76", 4, 8e9),
  device("Galaxy A54", "phone", "Android", "arm64", null, 8, null, "Chrome"),
  device("Jetson Orin NX", "ssh", "linux", "arm64", "Cortex-A78AE", 8, 16e9),
  device("mini PC", "ssh", "linux", "x64", "Intel N100", 4, 16e9),
];
const speeds = [1, 1.3, 0.5, 0.7, 0.25, 0.3, 0.4, 0.35];

const zeroShot = ["hellaswag", "winogrande", "piqa", "sciq", "boolq", "arc_easy", "arc_challenge", "social_iqa"];
const fiveShot = ["piqa", "arc_easy", "mmlu"];
const prompts = [32, 64, 128, 256, 512, 1024];

/** The records, checked against the schema. */
export function madeUpRecords({
  count,
  models = catalogueModels.length,
  devices: used = devices.length,
  seed = 1,
}: MadeUp) {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => recordSchema.parse(madeUp(i, i % models, i % used, random)));
}

function madeUp(i: number, model: number, at: number, random: Random): ResultRecord {
  const known = catalogueModels[(model * 10) % catalogueModels.length]!;
  const parameters =
    known.publishedParameters ?? Math.round(Number.parseFloat(known.size) * (known.size.endsWith("B") ? 1e9 : 1e6));
  const years = Number(known.date.slice(0, 4)) - 2022 + Number(known.date.slice(5)) / 12;
  const skill = Math.min(0.95, 0.12 * Math.log10(parameters / 5e7) + 0.06 * years + 0.05 * random.float());
  const day = new Date(Date.UTC(2026, 5, 1) + i * 4e6);
  const weights = i % 3 === 2 ? "int8" : "int4";
  const task = (name: string, shots: number): TaskResult => {
    const n = name === "mmlu" ? 14_042 : 1000 + name.length * 90;
    const acc = Math.min(0.97, 0.3 + skill * (0.5 + 0.3 * random.float()) + shots * 0.004);
    const metric = (value: number) => ({ value, stderr: Math.sqrt((value * (1 - value)) / n), higherIsBetter: true });
    const normalised =
      name === "winogrande" || name === "boolq" ? {} : { acc_norm: metric(Math.min(0.98, acc + 0.02)) };
    const metrics = { acc: metric(acc), ...normalised };
    return {
      name,
      kind: "task",
      version: 1,
      hash: `${name}-${shots}`.padEnd(64, "0"),
      shots,
      n,
      metrics,
      truncated: 0,
    };
  };
  const perplexity = { value: 60 - 45 * skill, stderr: null, higherIsBetter: false };
  return {
    version: 1,
    id: `${day.toISOString().replace(/[-:.Z]/g, "")}-${(i * 2654435761 + 1).toString(16).padStart(8, "0").slice(-8)}`,
    createdAt: day.toISOString(),
    tool: { version: "0.1.0", commit: "5f2c9d1e0a7b4c6d8e9f00112233445566778899" },
    model: {
      ...{ name: known.id, hash: known.name.length.toString(16).padStart(64, "a"), parameters },
      ...{ catalogue: known.name, released: known.date },
    },
    spec: { layers: 24, width: 1024, heads: 16, kvHeads: 4, ffnWidth: 4096, activation: known.activation },
    device: devices[at]!,
    config: {
      ...{ limit: i % 9 === 8 ? 100 : null, shots: null, weights, kv: "f32", prefixToken: 0 },
      ...{ context: 2048, truncate: false, seed: 1 },
    },
    suite: "phonelm",
    tasks: [
      ...zeroShot.map((name) => task(name, 0)),
      ...(i % 2 === 0 ? fiveShot.map((name) => task(name, 5)) : []),
      { ...task("wikitext", 0), metrics: { word_perplexity: perplexity } },
    ],
    calls: i % 5 === 0 ? [madeUpCalls(skill)] : [],
    needle: i % 10 === 0 ? madeUpNeedle(skill) : null,
    cost: madeUpCost(parameters, speeds[at]!, i, weights, random),
    samplesFile: null,
    notes: ["random weights: this record is made up"],
  };
}

function madeUpCalls(skill: number): ResultRecord["calls"][number] {
  const metrics = {
    accuracy: { value: Math.min(0.95, 0.2 + skill), stderr: 0.03 },
    softAccuracy: { value: Math.min(0.98, 0.35 + skill), stderr: 0.02 },
  };
  return { protocol: "droidcall", data: "DroidCall test", shots: 0, n: 200, metrics };
}

function madeUpNeedle(skill: number): NonNullable<ResultRecord["needle"]> {
  const kinds = ["single", "multi", "reasoning"] as const;
  return kinds.flatMap((kind, k) =>
    [512, 1024, 2048].flatMap((length) =>
      [0, 0.25, 0.5, 0.75, 1].map((depth) => {
        const middle = 0.25 * (1 - Math.abs(2 * depth - 1));
        const score = Math.max(0, Math.min(1, 0.5 + skill - 0.2 * k - middle - length / 8000));
        return { kind, length, depth, score, n: 3 };
      }),
    ),
  );
}

function madeUpCost(
  parameters: number,
  speed: number,
  i: number,
  weights: string,
  random: Random,
): ResultRecord["cost"] {
  const repeated = (median: number) => ({ median, spread: 0.01 + 0.05 * random.float(), repeats: 5 });
  const point = (weights: string, prompt: number): CostPoint => {
    const bytes = parameters * (weights === "int8" ? 1 : 0.5625);
    const decode = ((35e9 * speed) / bytes) * (1 - prompt / 8000) * (0.9 + 0.2 * random.float());
    const prefill = ((220e9 * speed) / parameters) * (1 - prompt / 6000) * (0.9 + 0.2 * random.float());
    return {
      ...{ weights, kv: "int8", threads: 4, prompt, output: 64 },
      firstTokenMs: repeated((1000 * prompt) / prefill + 5),
      prefillTokensPerSecond: repeated(prefill),
      decodeTokensPerSecond: repeated(decode),
      memoryBytes: bytes + 40e6 + prompt * 20_000,
      ...{ prefillJoulesPerToken: null, decodeJoulesPerToken: i % 4 === 0 ? 8 / decode : null },
    };
  };
  const shares = [
    { name: "FFN", share: 0.52 },
    { name: "attention projections", share: 0.24 },
    { name: "attention", share: 0.12 },
    { name: "head", share: 0.09 },
    { name: "norms and rest", share: 0.03 },
  ];
  const hot = Array.from({ length: 20 }, (_, j) => ({
    at: (j + 1) * 15,
    decodeTokensPerSecond: ((35e9 * speed) / parameters) * (1 - 0.01 * j),
    celsius: 40 + j,
  }));
  return {
    ...{ version: 1, simd: "relaxed", startedAt: "2026-06-01T10:00:00.000Z", seconds: 95.5 },
    points: (i % 4 === 3 ? ["int4", "int8"] : [weights]).flatMap((weights) =>
      prompts.map((prompt) => point(weights, prompt)),
    ),
    breakdown: {
      prefill: shares,
      decode: shares,
      memory: [
        { name: "weights", bytes: parameters * 0.5625 },
        { name: "KV cache", bytes: 50e6 },
        { name: "buffers", bytes: 30e6 },
      ],
    },
    sustained: i % 3 === 0 ? { weights: "int4", threads: 4, context: 64, seconds: 300, points: hot, kept: 0.83 } : null,
    energy: { source: i % 4 === 0 ? "Linux powercap" : null, note: i % 4 === 0 ? "package domain" : "no counter here" },
    notes: ["model loaded once", "prompt of random tokens"],
  };
}

function device(
  name: string,
  transport: ResultRecord["device"]["transport"],
  platform: string,
  arch: string,
  cpuModel: string | null,
  cores: number,
  memoryBytes: number | null,
  engine = "node",
): ResultRecord["device"] {
  const runtime = { name: engine, version: engine === "node" ? "24.21.0" : "156" };
  return { name, transport, platform, arch, cpuModel, cores, memoryBytes, runtime };
}
