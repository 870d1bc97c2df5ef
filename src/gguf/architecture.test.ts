// What a file says of its architecture, and what is refused. Whole models of each architecture: test/parity/gguf-families.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyTokenizer } from "../generate/tiny-model.case.ts";
import { randomTensors, tinySpec } from "../model/tiny.case.ts";
import type { Spec } from "../spec/spec.ts";
import { ggufSpec, ggufTensors } from "./architecture.ts";
import { exportGguf } from "./export.ts";
import { type GgufFile, openGguf } from "./file.ts";
import type { GgufTensor, GgufValue } from "./header.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-architecture-"));
const path = join(folder, "tiny.gguf");
const tokenizer = tinyTokenizer();
const spec = tinySpec({ vocabulary: tokenizer.size, qkvBias: true });
let file: GgufFile;

beforeAll(async () => {
  const tensors = randomTensors(spec).map(({ name, shape, data }) => {
    return { name, shape, read: async () => data as Float32Array<ArrayBuffer> };
  });
  await exportGguf(path, { spec, tokenizer, tensors, name: "tiny" }, "F32");
  file = await openGguf(path);
});
afterAll(async () => {
  await file.close();
  rmSync(folder, { recursive: true });
});

/** The file with other metadata and tensors. */
function changed(metadata: Record<string, GgufValue | undefined>, tensors = file.tensors): GgufFile {
  const entries = [...file.metadata, ...Object.entries(metadata)].filter(([, value]) => value !== undefined);
  return { ...file, metadata: new Map(entries as [string, GgufValue][]), tensors };
}

describe("ggufSpec", () => {
  it("is the spec that was written", () => expect(ggufSpec(file, "t")).toEqual(spec));

  it("takes numbers per layer where they are alike", () => {
    expect(ggufSpec(changed({ "qwen2.attention.head_count_kv": [2, 2] }), "t").kvHeads).toBe(2);
  });

  it.each<[string, Record<string, GgufValue | undefined>, string]>([
    [
      "another architecture",
      { "general.architecture": "qwen22" },
      't: architecture "qwen22" is not supported; did you mean "qwen2"?',
    ],
    ["none", { "general.architecture": 7 }, "t: architecture none is not supported; known: llama, qwen2"],
    ["experts", { "qwen2.expert_count": 8 }, "mixtures of experts"],
    ["a part of a model", { "split.count": 3 }, "merge the parts before"],
    [
      "other sizes in each layer",
      { "qwen2.feed_forward_length": [48, 64] },
      '"qwen2.feed_forward_length" is not one number, but a list of 2',
    ],
    [
      "no epsilon that is a number",
      { "qwen2.attention.layer_norm_rms_epsilon": Number.NaN },
      "is not one number, but NaN",
    ],
    ["more blocks than tensors", { "qwen2.block_count": 1000 }, "has 1000 blocks, but fewer tensors"],
    ["a RoPE that is not known", { "qwen2.rope.scaling.type": "yarn" }, 'rope type "yarn" is not supported'],
  ])("refuses %s", (_, metadata, message) => {
    expect(() => ggufSpec(changed(metadata), "t")).toThrow(message);
  });
});

describe("ggufTensors", () => {
  const read = async (from: GgufFile, name: string, of: Spec = spec) =>
    ggufTensors(from, of)
      .find((tensor) => tensor.name === name)!
      .read();
  const block = (name: string) => file.tensors.find((tensor) => tensor.name === `blk.0.${name}`)!;

  it("refuses a tensor without a use, one that is missing, and one of another shape", () => {
    const extra: GgufTensor = { ...block("attn_norm.weight"), name: "blk.0.attn_sinks.weight" };
    const without = file.tensors.filter((tensor) => tensor !== block("ffn_up.weight"));
    const other = file.tensors.map((t) => (t === block("ffn_norm.weight") ? { ...t, shape: [16] } : t));
    expect(() => ggufTensors(changed({}, [...file.tensors, extra]), spec)).toThrow(
      '"blk.0.attn_sinks.weight" is not known',
    );
    expect(() => ggufTensors(changed({}, without), spec)).toThrow('no tensor "blk.0.ffn_up.weight"');
    expect(() => ggufTensors(changed({}, other), spec)).toThrow("has shape [16], the metadata ask for [32]");
  });

  it("finds queries, keys and values in one matrix too", async () => {
    // The values of the fused tensors, made of the three that are in the file.
    const parts = (kind: string) => ["attn_q", "attn_k", "attn_v"].map((name) => block(`${name}.${kind}`));
    const fused = ["weight", "bias"].map((kind): GgufTensor => {
      const rows = parts(kind).reduce((sum, { shape }) => sum + shape[0]!, 0);
      const first = parts(kind)[0]!;
      return { ...first, name: `blk.0.attn_qkv.${kind}`, shape: [rows, ...first.shape.slice(1)] };
    });
    const kept = file.tensors.filter(({ name }) => !/^blk\.0\.attn_[qkv]\./.test(name));
    const joined: GgufFile = {
      ...changed({}, [...kept, ...fused]),
      read: async (tensor) => {
        if (!fused.includes(tensor)) return file.read(tensor);
        const values = await Promise.all(parts(tensor.name.split(".").at(-1)!).map((part) => file.read(part)));
        return Float32Array.from(values.flatMap((part) => [...part]));
      },
    };
    for (const name of [
      "q_proj.weight",
      "k_proj.weight",
      "v_proj.weight",
      "q_proj.bias",
      "k_proj.bias",
      "v_proj.bias",
    ]) {
      const ours = `model.layers.0.self_attn.${name}`;
      expect(await read(joined, ours)).toEqual(await read(file, ours));
    }
  });
});
