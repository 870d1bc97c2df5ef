// The tensors of a decoder: their names (as in Hugging Face Llama) and shapes, in file order. Knows no backend.
import type { Spec } from "../spec/spec.ts";

/** One tensor of a model. Matrices are [rows, columns] = [out features, in features]; vectors have one dimension. */
export interface TensorShape {
  name: string;
  shape: readonly number[];
}

/** Names of a block's tensors, i from 0. Absent ones (no gate, no bias) are undefined. */
export interface BlockNames {
  inputNorm: string;
  query: string;
  key: string;
  value: string;
  output: string;
  postNorm: string;
  gate: string | undefined;
  up: string;
  down: string;
}

export const embeddingName = "model.embed_tokens.weight";
export const finalNormName = "model.norm.weight";
export const headName = "lm_head.weight";

/** The tensor names of block i. */
export function blockNames(spec: Spec, i: number): BlockNames {
  const block = `model.layers.${i}`;
  return {
    inputNorm: `${block}.input_layernorm.weight`,
    query: `${block}.self_attn.q_proj.weight`,
    key: `${block}.self_attn.k_proj.weight`,
    value: `${block}.self_attn.v_proj.weight`,
    output: `${block}.self_attn.o_proj.weight`,
    postNorm: `${block}.post_attention_layernorm.weight`,
    gate: spec.gated ? `${block}.mlp.gate_proj.weight` : undefined,
    up: `${block}.mlp.up_proj.weight`,
    down: `${block}.mlp.down_proj.weight`,
  };
}

/** The bias that belongs to a LayerNorm's weight. */
export function biasName(weight: string): string {
  return weight.replace(/\.weight$/, ".bias");
}

/** Every tensor of the model. Blocks that repeat appear once; a tied head does not appear. */
export function tensorShapes(spec: Spec): TensorShape[] {
  const { width: C, ffnWidth: F, headSize: D } = spec;
  const norm = (name: string): TensorShape[] => [
    { name, shape: [C] },
    ...(spec.norm === "layer" ? [{ name: biasName(name), shape: [C] }] : []),
  ];
  const tensors: TensorShape[] = [{ name: embeddingName, shape: [spec.vocabulary, C] }];
  for (let i = 0; i < spec.layers; i++) {
    const names = blockNames(spec, i);
    tensors.push(
      ...norm(names.inputNorm),
      { name: names.query, shape: [spec.heads * D, C] },
      { name: names.key, shape: [spec.kvHeads * D, C] },
      { name: names.value, shape: [spec.kvHeads * D, C] },
      { name: names.output, shape: [C, spec.heads * D] },
      ...norm(names.postNorm),
      ...(names.gate === undefined ? [] : [{ name: names.gate, shape: [F, C] }]),
      { name: names.up, shape: [F, C] },
      { name: names.down, shape: [C, F] },
    );
  }
  tensors.push(...norm(finalNormName));
  if (!spec.tiedEmbeddings) tensors.push({ name: headName, shape: [spec.vocabulary, C] });
  return tensors;
}
