// Records for tests of the page: one with all that a record can have, made up to look like a real run, and one with nothing.
import type { Cost, CostPoint } from "../../cost/result.ts";
import { needleKinds } from "../../eval/haystack.ts";
import type { Metric, TaskResult } from "../../eval/result.ts";
import { type ResultRecord, recordSchema } from "../../results/record.ts";
import { preset } from "../../spec/presets.ts";

/** A plausible run of everything. Deterministic. */
export function sampleRecord(): ResultRecord {
  return recordSchema.parse({
    ...emptyRecord(),
    suite: "mobilellm",
    config: {
      limit: 500,
      shots: [0, 1, 5],
      weights: "int4",
      kv: "f32",
      prefixToken: 1,
      context: 2048,
      truncate: false,
      seed: 1,
    },
    tasks: sampleTasks(),
    calls: [
      {
        protocol: "droidcall",
        data: "DroidCall test",
        shots: 0,
        n: 200,
        metrics: { accuracy: { value: 0.435, stderr: 0.035 }, softAccuracy: { value: 0.672, stderr: 0.026 } },
      },
      {
        protocol: "api",
        data: "held-out requests",
        shots: 4,
        n: 1200,
        metrics: {
          intentExactMatch: { value: 0.91, stderr: 0.008 },
          rouge1: { value: 0.702, stderr: null },
          rougeL: { value: null, stderr: null },
        },
      },
    ],
    needle: needleKinds.flatMap((kind, k) =>
      [256, 512, 1024, 2048, 4096].flatMap((length, i) =>
        [0, 0.25, 0.5, 0.75, 1].map((depth, j) => {
          const score = Math.max(0, 1 - 0.3 * k - 0.17 * i + 0.12 * Math.abs(j - 2) - 0.2);
          return { kind, length, depth, score: Math.min(1, Math.round(score * 3) / 3), n: 3 };
        }),
      ),
    ),
    cost: sampleCost(),
    samplesFile: "samples/2026-03-14.jsonl",
    notes: ["Another job ran on the machine in the first minute."],
  });
}

/** A record of a model of which nothing was asked. */
export function emptyRecord(): ResultRecord {
  return {
    version: 1,
    id: "2026-03-14T09-26-53-589Z-4f1c",
    createdAt: "2026-03-14T09:26:53.589Z",
    tool: { version: "0.1.0", commit: "0123456789abcdef0123456789abcdef01234567" },
    model: {
      name: "models/mobilellm-125m",
      hash: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
      parameters: 124_635_456,
      catalogue: "MobileLLM-125M",
      released: "2024-02",
    },
    spec: preset("MobileLLM-125M"),
    device: {
      name: "workbench",
      transport: "local",
      platform: "linux",
      arch: "x64",
      cpuModel: "AMD EPYC 9B14",
      cores: 2,
      memoryBytes: 16.8e9,
      runtime: { name: "node", version: "24.11.0" },
    },
    config: null,
    suite: null,
    tasks: [],
    calls: [],
    needle: null,
    cost: null,
    samplesFile: null,
    notes: [],
  };
}

function sampleTasks(): TaskResult[] {
  const names = ["arc_easy", "arc_challenge", "boolq", "piqa", "hellaswag", "winogrande"];
  const curves = names.flatMap((name, i) =>
    [0, 1, 5].map((shots): TaskResult => {
      const gain = 0.004 * (i - 1) * Math.log2(1 + shots);
      const metrics: TaskResult["metrics"] = { acc: accuracy(0.28 + 0.07 * i + gain) };
      if (i % 2 === 1) metrics.acc_norm = accuracy(0.31 + 0.06 * i + 1.5 * gain);
      return task(name, shots, metrics);
    }),
  );
  const parts = ["anatomy", "astronomy", "college_physics"].map((subject, i) =>
    task(`mmlu_${subject}`, 0, { acc: accuracy(0.24 + 0.03 * i) }),
  );
  const group: TaskResult = {
    ...task("mmlu", 0, { acc: accuracy(0.27) }),
    kind: "group",
    parts: parts.map(({ name }) => name),
  };
  const failed = { code: "context-overflow", message: "race: 2,311 tokens do not fit in the model's context of 2,048" };
  return [
    ...curves,
    group,
    ...parts,
    { ...task("wikitext", 0, { word_perplexity: { value: 31.42, stderr: null, higherIsBetter: false } }), n: 62 },
    { ...task("triviaqa", 5, { "exact_match,remove_whitespace": accuracy(0.139) }), truncated: 12 },
    { ...task("race", 0, {}), n: 0, error: failed },
  ];
}

function task(name: string, shots: number, metrics: TaskResult["metrics"]): TaskResult {
  return { name, kind: "task", version: 1, hash: "c0ffee", shots, n: 500, metrics, truncated: 0 };
}

function accuracy(value: number): Metric {
  return { value, stderr: Math.sqrt((value * (1 - value)) / 499), higherIsBetter: true };
}

function sampleCost(): Cost {
  const repeated = (median: number) => ({ median, spread: 0.03, repeats: 5 });
  const points = (["int4", "f32"] as const).flatMap((weights) =>
    [2, 1].flatMap((threads) =>
      [32, 64, 128, 256, 512, 1024].flatMap((prompt) =>
        (prompt === 1024 ? [16, 64, 256] : [64]).map((output): CostPoint => {
          const [speed, bytes] = weights === "int4" ? [threads, 71e6] : [0.45 * threads, 499e6];
          const prefill = (speed * 620) / (1 + prompt / 6000);
          return {
            weights,
            kv: "int8",
            threads,
            prompt,
            output,
            firstTokenMs: repeated((1000 * prompt) / prefill + 4),
            prefillTokensPerSecond: repeated(prefill),
            decodeTokensPerSecond: repeated((speed * 98) / (1 + (prompt + output) / 4000)),
            memoryBytes: bytes + prompt * 31_000,
            prefillJoulesPerToken: null,
            decodeJoulesPerToken: null,
          };
        }),
      ),
    ),
  );
  const shares = (values: number[]) =>
    ["embedding", "norms", "attention projections", "attention", "FFN", "head", "barrier wait"].map((name, i) => ({
      name,
      share: values[i]!,
    }));
  return {
    version: 1,
    simd: "relaxed",
    points,
    breakdown: {
      prefill: shares([0.002, 0.02, 0.21, 0.14, 0.55, 0.03, 0.048]),
      decode: shares([0.001, 0.015, 0.2, 0.09, 0.47, 0.15, 0.074]),
      memory: [
        { name: "embedding and head", bytes: 10.4e6 },
        { name: "attention weights", bytes: 16.6e6 },
        { name: "FFN weights", bytes: 44e6 },
        { name: "KV cache", bytes: 23e6 },
        { name: "activations, logits", bytes: 9e6 },
      ],
    },
    sustained: {
      weights: "int4",
      threads: 2,
      context: 256,
      seconds: 300,
      points: Array.from({ length: 60 }, (_, i) => ({
        at: 5 * (i + 1),
        decodeTokensPerSecond: 178 - (i > 25 ? Math.min(22, i - 25) : 0) + 2 * Math.sin(3 * i),
        celsius: 46 + 30 * (1 - Math.exp(-i / 18)),
      })),
      kept: 0.88,
    },
    energy: { source: null, note: "this machine has no powercap counter that may be read" },
    notes: ["Two cores of a shared machine."],
    startedAt: "2026-03-14T09:20:00.000Z",
    seconds: 400,
  };
}
