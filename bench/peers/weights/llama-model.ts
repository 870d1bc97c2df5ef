// A trained model for llama.cpp: its "llama" architecture with every matrix in Q4_0, embedding and tied head included.
// The vocabulary is a dummy: tokens go in and out as ids.
import { writeFileAtomic } from "../../../src/io.ts";
import type { NamedTensor } from "../../../src/model/index.ts";
import { blockNames, embeddingName, finalNormName } from "../../../src/model/layout.ts";
import type { Spec } from "../../../src/spec/spec.ts";
import { encodeGguf, type GgufTensor } from "./gguf.ts";
import { llamaMetadata } from "./llama-file.ts";
import { packQ4_0 } from "./q4-0.ts";

/** Writes the weights of a model with RMSNorm, a gate, SiLU and tied embeddings. */
export async function writeLlamaModel(path: string, spec: Spec, tensors: readonly NamedTensor[]): Promise<void> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const tensor = (name: string, from: string, heads = 0): GgufTensor => {
    const { shape, data } = byName.get(from)!;
    const [rows, columns] = shape as [number, number];
    if (columns === undefined) return { name, dimensions: [rows], type: "f32", data: () => [bytesOf(data)] };
    const ordered = heads > 0 ? pairRows(data, heads, columns) : data;
    return { name, dimensions: [columns, rows], type: "q4_0", data: () => [packQ4_0(ordered)] };
  };
  const blocks = Array.from({ length: spec.layers }, (_, i) => {
    const names = blockNames(spec, i);
    return [
      tensor(`blk.${i}.attn_norm.weight`, names.inputNorm),
      tensor(`blk.${i}.attn_q.weight`, names.query, spec.heads),
      tensor(`blk.${i}.attn_k.weight`, names.key, spec.kvHeads),
      tensor(`blk.${i}.attn_v.weight`, names.value),
      tensor(`blk.${i}.attn_output.weight`, names.output),
      tensor(`blk.${i}.ffn_norm.weight`, names.postNorm),
      tensor(`blk.${i}.ffn_gate.weight`, names.gate!),
      tensor(`blk.${i}.ffn_up.weight`, names.up),
      tensor(`blk.${i}.ffn_down.weight`, names.down),
    ];
  });
  const all = [
    tensor("token_embd.weight", embeddingName),
    ...blocks.flat(),
    tensor("output_norm.weight", finalNormName),
  ];
  await writeFileAtomic(path, encodeGguf(llamaMetadata(spec), all));
}

/** Rows of each head in the order of this architecture's RoPE: row j and row j + D/2 side by side. */
function pairRows(data: Float32Array, heads: number, columns: number): Float32Array {
  const half = data.length / columns / heads / 2;
  const paired = new Float32Array(data.length);
  for (let row = 0; row < 2 * half * heads; row++) {
    const [head, j] = [Math.floor(row / (2 * half)), row % (2 * half)];
    const from = head * 2 * half + (j % 2) * half + (j >> 1);
    paired.set(data.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return paired;
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
