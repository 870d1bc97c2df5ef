// The comparison with other engines, without them: the model files' formats read back, the statistics, the order of the
// rounds, and what the table and the plot say. The engines themselves run in npm run bench:peers.
import { describe, expect, it } from "vitest";
import { engines, findEngine } from "../bench/peers/engines/registry.ts";
import { measureModel } from "../bench/peers/measure.ts";
import { readOptions } from "../bench/peers/options.ts";
import { renderPlot } from "../bench/peers/plot.ts";
import { compare, entriesOf, type Results, statistic } from "../bench/peers/results.ts";
import { turnsOfRound } from "../bench/peers/rounds.ts";
import { shapeNames, shapeSpec } from "../bench/peers/shapes.ts";
import { renderMarkdown } from "../bench/peers/table.ts";
import { readBytes } from "../bench/peers/weights/bytes.ts";
import { llamaBytes, llamaMetadata, llamaTensors } from "../bench/peers/weights/llama-file.ts";
import { onnxModel } from "../bench/peers/weights/onnx-file.ts";
import { encodeGguf, tensorBytes } from "../src/gguf/write.ts";
import { fromF16 } from "../src/quant/f16.ts";
import { countParameters, decodeBytes } from "../src/spec/arithmetic.ts";
import { createSpec } from "../src/spec/spec.ts";

const tiny = createSpec({ layers: 2, width: 64, ffnWidth: 96, heads: 4, kvHeads: 2, vocabulary: 320, context: 16 });
const matrixWeights = countParameters(tiny).total - countParameters(tiny).norms;

describe("model files for the peers", () => {
  it("GGUF: the header leads to every tensor, whose blocks have finite scales", async () => {
    const tensors = llamaTensors(tiny);
    const pieces: Uint8Array[] = [];
    for await (const piece of encodeGguf(llamaMetadata(tiny), tensors)) pieces.push(piece);
    const file = Buffer.concat(pieces);
    expect(file.toString("latin1", 0, 4)).toBe("GGUF");
    expect([file.readUInt32LE(4), Number(file.readBigUInt64LE(8))]).toEqual([3, tensors.length]);
    expect(tensors.length).toBe(2 + 9 * tiny.layers);
    const stored = llamaBytes(tiny);
    expect(stored).toBe((matrixWeights / 32) * 18 + countParameters(tiny).norms * 4);
    const embedding = file.length - tensors.reduce((sum, tensor) => sum + padded(tensorBytes(tensor)), 0);
    expect(embedding % 32).toBe(0);
    for (let block = 0; block < 10; block++) {
      expect(fromF16(file.readUInt16LE(embedding + 18 * block))).toBeCloseTo(1 / (4.61 * 8), 4);
    }
  });

  it("GGUF: the vocabulary has the asked size and no token twice", () => {
    const tokens = llamaMetadata(tiny).get("tokenizer.ggml.tokens")!.value as string[];
    expect(new Set(tokens).size).toBe(tiny.vocabulary);
  });

  it("ONNX: every operator's inputs exist, and the data file is as long as the model says", () => {
    const { graph, decodeWeightBytes } = onnxModel(tiny, "tiny.onnx.data");
    const fields = decode(decode(graph.finish()).get(7)![0]!);
    const names = (message: Uint8Array, field: number) => (decode(message).get(field) ?? []).map((b) => text(b));
    const known = new Set([
      "",
      ...[...fields.get(5)!].flatMap((t) => names(t, 8)),
      ...[...fields.get(11)!].flatMap((v) => names(v, 1)),
    ]);
    for (const node of fields.get(1)!) {
      for (const input of names(node, 1)) expect(known, input).toContain(input);
      for (const output of names(node, 2)) known.add(output);
    }
    for (const output of fields.get(12)!) expect(known).toContain(names(output, 1)[0]);
    expect(graph.external.reduce((sum, data) => sum + bytesOf(data()), 0)).toBe(graph.externalBytes);
    expect(decodeWeightBytes).toBe((matrixWeights * 5) / 8);
  });

  it("bytes per token: ours as the package says, theirs by their formats", () => {
    const spec = shapeSpec("PhoneLM-0.5B");
    expect(readBytes(spec, 64, "handheld")).toBe(decodeBytes(spec, 64));
    const f16 = readBytes(spec, 1064, { bitsPerWeight: 4.5, cacheBytes: 2 });
    expect(f16 - readBytes(spec, 64, { bitsPerWeight: 4.5, cacheBytes: 2 })).toBe(1000 * 24 * 2 * 1024 * 2);
    expect(f16).toBeGreaterThan(llamaBytes(spec));
  });
});

describe("measuring and comparing", () => {
  it("prompts that nothing is decoded behind are timed, contexts get both; medians count", async () => {
    const calls: string[] = [];
    let closed = false;
    const times = [100, 300, 200];
    const model = {
      run: async (tokens: number, decode: number) => {
        calls.push(`${tokens}+${decode}`);
        const prefillMs = times[calls.length % 3]!;
        return { prefillMs, decodeMs: decode * 10 };
      },
      close: async () => {
        closed = true;
      },
    };
    const speeds = await measureModel(model, { prefill: [32], decode: [8], repeats: 3, budgetSeconds: 60 });
    expect(speeds).toEqual([
      { tokens: 8, prefill: 40, decode: 100, decoded: 32, repeats: 3 },
      { tokens: 32, prefill: 160, decode: null, decoded: 0, repeats: 3 },
    ]);
    expect(calls.slice(2)).toEqual(["8+32", "8+32", "8+32", "32+0", "32+0", "32+0"]);
    expect(closed).toBe(true);
  });

  it("a statistic has the median and the range around it", () => {
    expect(statistic([10, 14, 12])).toEqual({ median: 12, spread: 4 / 12, rounds: 3 });
  });

  it("ours is compared with the fastest peer; an engine's kernels alone are not a peer", () => {
    const entries = entriesOf(sample(), "MobileLLM-125M", "node", { phase: "decode", tokens: 64 });
    expect(entries.map(({ engine }) => engine.name)).toEqual(["handheld", "llama-flash", "onnx", "onnx-kernels"]);
    const { best, ratio } = compare(entries)!;
    expect([best.engine.name, ratio]).toEqual(["onnx", 2]);
    expect(entries[0]!.bandwidthShare).toBeCloseTo(
      (readBytes(shapeSpec("MobileLLM-125M"), 72, "handheld") * 200) / 20e9,
      6,
    );
  });

  it("every second round goes backwards, and what failed twice is not tried again", () => {
    const turns = ["handheld", "llama", "onnx"].map((name) => ({ engine: findEngine(name), shape: "MobileLLM-125M" }));
    const failed = [1, 2].map((round) => ({ shape: "MobileLLM-125M", engine: "llama", round, error: "no" }));
    const names = (round: number) => turnsOfRound(turns, failed, round).map(({ engine }) => engine.name);
    expect([names(1), names(2)]).toEqual([
      ["handheld", "onnx"],
      ["onnx", "handheld"],
    ]);
    expect(turnsOfRound(turns, failed.slice(1), 3)).toHaveLength(3);
  });

  it("table and plot show all engines, the ratio, and what failed", () => {
    const markdown = renderMarkdown(sample());
    expect(markdown).toContain("| llama.cpp, flash attention | 400 | 50 (");
    expect(markdown).toContain("| **Handheld ÷ best peer** | **1.25 ×** | **2 ×** |");
    expect(markdown).toContain("- wllama (Chromium), MobileLLM-125M: no memory");
    const svg = renderPlot(sample());
    for (const text of ["MobileLLM-125M, Node", "ONNX Runtime, kernels alone", "decode at 64"])
      expect(svg).toContain(text);
    expect(svg).not.toMatch(/NaN|undefined/);
  });

  it.each(shapeNames)("the rows of %s fit every format's blocks of 32", (name) => {
    const { width, ffnWidth, heads, headSize } = shapeSpec(name);
    expect([width % 32, ffnWidth % 32, (heads * headSize) % 32]).toEqual([0, 0, 0]);
  });

  it("wrong options say what would do", () => {
    const folders = { models: "m", out: "o", quickOut: "q" };
    expect(readOptions(["--quick"], folders)).toMatchObject({ rounds: 1, out: "q", shapes: ["MobileLLM-125M"] });
    expect(readOptions([], folders)).toMatchObject({ rounds: 5, out: "o", engines });
    expect(() => readOptions(["--engines", "lama"], folders)).toThrow('did you mean "llama"?');
    expect(() => readOptions(["--rounds", "0"], folders)).toThrow("whole numbers from 1");
    expect(() => readOptions(["--fast"], folders)).toThrow("--help");
  });
});

function sample(): Results {
  const report = (prefill: number, decode: number) => ({
    about: "",
    loadMs: 1,
    speeds: [{ tokens: 64, prefill, decode, decoded: 16, repeats: 5 }],
  });
  const runs = [
    { engine: "handheld", report: report(500, 200) },
    { engine: "llama-flash", report: report(400, 50) },
    { engine: "onnx", report: report(300, 100) },
    { engine: "onnx-kernels", report: report(600, 300) },
    { engine: "wllama", error: "no memory\n  at some place" },
  ];
  return {
    version: 1,
    date: "2030-01-02T03:04:05.000Z",
    commit: "abc",
    device: { cpuModel: "A processor", cores: 2, memoryBytes: 8e9, platform: "linux", arch: "x64" },
    versions: { node: "24.0.0" },
    threads: 2,
    rounds: 1,
    options: { prefill: [64], decode: [64], repeats: 5, budgetSeconds: 6 },
    bandwidthGBps: [20],
    runs: runs.map((run) => ({ shape: "MobileLLM-125M", round: 1, ...run })),
  };
}

function bytesOf(pieces: Iterable<Uint8Array>): number {
  let sum = 0;
  for (const piece of pieces) sum += piece.length;
  return sum;
}

function padded(length: number): number {
  return Math.ceil(length / 32) * 32;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The length-delimited fields of a protocol buffer by their number; other fields are skipped. */
function decode(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const fields = new Map<number, Uint8Array[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else if (tag % 8 === 5) at += 4;
    else {
      const length = varint();
      const list = fields.get(Math.floor(tag / 8)) ?? [];
      list.push(bytes.subarray(at, at + length));
      fields.set(Math.floor(tag / 8), list);
      at += length;
    }
  }
  return fields;
}
