// A record for tests, with every kind of content; parts of it are replaced by what a test is about.

import { type ResultRecord, recordVersion } from "./record.ts";
import { newRecordId } from "./store.ts";

/** A whole record of a made-up model, with an id of its own. */
export function sampleRecord(parts: Partial<ResultRecord> = {}): ResultRecord {
  return {
    version: recordVersion,
    id: newRecordId(),
    createdAt: "2026-11-26T20:00:00.000Z",
    tool: { version: "0.1.0", commit: "0123456789abcdef0123456789abcdef01234567" },
    model: {
      name: "models/tiny",
      hash: "a".repeat(64),
      parameters: 134_515_008,
      catalogue: "SmolLM-135M",
      released: "2024-07",
    },
    spec: { layers: 30, width: 576 },
    device: {
      ...{ name: "local", transport: "local", platform: "linux", arch: "x64", cpuModel: "EPYC", cores: 2 },
      ...{ memoryBytes: 8e9, runtime: { name: "node", version: "24.1.0" } },
    },
    config: {
      ...{
        limit: 100,
        shots: null,
        weights: "int4",
        kv: "f32",
        prefixToken: 0,
        context: 2048,
        truncate: false,
        seed: 1,
      },
    },
    suite: "quick",
    tasks: [
      {
        ...{ name: "piqa", kind: "task", version: 1, hash: "b".repeat(64), shots: 0, n: 100, truncated: 0 },
        metrics: {
          acc: { value: 0.61, stderr: 0.049, higherIsBetter: true },
          acc_norm: { value: 0.64, stderr: 0.048, higherIsBetter: true },
        },
      },
      {
        ...{ name: "wikitext", kind: "task", version: 2, hash: "c".repeat(64), shots: 0, n: 62, truncated: 0 },
        metrics: { word_perplexity: { value: 31.5, stderr: null, higherIsBetter: false } },
      },
      {
        ...{ name: "sciq", kind: "task", version: 1, hash: "", shots: 0, n: 0, truncated: 0, metrics: {} },
        error: { code: "invalid-data", message: "no split" },
      },
    ],
    calls: [
      {
        ...{ protocol: "droidcall", data: "droidcall/test", shots: 0, n: 200 },
        metrics: { accuracy: { value: 0.5, stderr: 0.035 }, softAccuracy: { value: 0.7, stderr: null } },
      },
    ],
    needle: [
      { kind: "single", length: 512, depth: 0, score: 1, n: 3 },
      { kind: "single", length: 512, depth: 1, score: 0.667, n: 3 },
    ],
    needleConfig: { weights: "int4", kv: "f32", seed: 1, samples: 3 },
    cost: {
      version: 1,
      simd: "relaxed",
      points: [
        {
          ...{ weights: "int4", kv: "int8", threads: 2, prompt: 64, output: 32, memoryBytes: 120e6 },
          firstTokenMs: { median: 210, spread: 0.1, repeats: 3 },
          prefillTokensPerSecond: { median: 305, spread: 0.1, repeats: 3 },
          decodeTokensPerSecond: { median: 88, spread: 0.05, repeats: 3 },
          ...{ prefillJoulesPerToken: null, decodeJoulesPerToken: 0.21 },
        },
      ],
      breakdown: {
        prefill: [{ name: "ffn", share: 1 }],
        decode: [{ name: "ffn", share: 1 }],
        memory: [{ name: "weights", bytes: 80e6 }],
      },
      sustained: {
        ...{ weights: "int4", threads: 2, context: 64, seconds: 60, kept: 0.98 },
        points: [{ at: 10, decodeTokensPerSecond: 88, celsius: 61.5 }],
      },
      energy: { source: "Linux powercap", note: "package domain" },
      notes: ["random weights"],
      startedAt: "2026-11-26T20:01:00.000Z",
      seconds: 80,
    },
    samplesFile: null,
    notes: ["made up"],
    ...parts,
  };
}
