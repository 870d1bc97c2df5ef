// The tensors of a decoder: their names (Hugging Face Llama's, and more where Llama has none) and shapes, in file order.
// Knows no backend. What other architectures call theirs is in families/.
import { layerShape, type Spec } from "../spec/spec.ts";

/** One tensor of a model. Matrices are [rows, columns] = [out features, in features]; vectors have one dimension. */
export interface TensorShape {
  name: string;
  shape: readonly number[];
}

/** A tensor's name, or undefined where the architecture lacks it. */
type Optional = string | undefined;

/** Names of a block's weights, i from 0. Biases are {@link biasName} of them. */
export interface BlockNames {
  /** The norm before, or behind, attention: see `normPlacement` of the spec. */
  inputNorm: string;
  query: string;
  key: string;
  value: string;
  /** Latent attention: to the latent vectors of queries and of keys and values, and their norms. */
  queryDown: Optional;
  queryDownNorm: Optional;
  keyValueDown: Optional;
  keyValueDownNorm: Optional;
  /** Norms of queries and keys [heads · D]: each head's numbers, one after the other. */
  queryNorm: Optional;
  keyNorm: Optional;
  output: string;
  /** Behind attention, with `sandwich`. */
  outputNorm: Optional;
  /** The norm before, or behind, the FFN. */
  postNorm: string;
  gate: Optional;
  up: string;
  down: string;
  /** Behind the FFN, with `sandwich`. */
  downNorm: Optional;
}

export const embeddingName = "model.embed_tokens.weight";
/** Learned positions [context, C]; not a matrix to multiply by. */
export const positionsName = "model.embed_positions.weight";
/** From the embedding's width to the model's [C, E], and back [E, C]. */
export const embeddingInName = "model.embed_in.weight";
export const embeddingOutName = "model.embed_out.weight";
export const embeddingNormName = "model.embed_norm.weight";
export const finalNormName = "model.norm.weight";
export const headName = "lm_head.weight";

/** The tensor names of block i. */
export function blockNames(spec: Spec, i: number): BlockNames {
  const block = `model.layers.${i}`;
  const ffn = `model.layers.${spec.sharedFfn ? 0 : i}.mlp`;
  const attention = `${block}.self_attn`;
  const when = (present: boolean, name: string): Optional => (present ? `${name}.weight` : undefined);
  const latent = spec.latent !== null;
  const sandwich = spec.normPlacement === "sandwich";
  return {
    inputNorm: `${block}.input_layernorm.weight`,
    query: `${attention}.q_proj.weight`,
    key: `${attention}.k_proj.weight`,
    value: `${attention}.v_proj.weight`,
    queryDown: when(latent, `${attention}.q_a_proj`),
    queryDownNorm: when(latent, `${attention}.q_a_norm`),
    keyValueDown: when(latent, `${attention}.kv_a_proj`),
    keyValueDownNorm: when(latent, `${attention}.kv_a_norm`),
    queryNorm: when(spec.qkNorm !== "none", `${attention}.q_norm`),
    keyNorm: when(spec.qkNorm !== "none", `${attention}.k_norm`),
    output: `${attention}.o_proj.weight`,
    outputNorm: when(sandwich, `${block}.attention_output_layernorm`),
    postNorm: `${block}.post_attention_layernorm.weight`,
    gate: when(spec.gated, `${ffn}.gate_proj`),
    up: `${ffn}.up_proj.weight`,
    down: `${ffn}.down_proj.weight`,
    downNorm: when(sandwich, `${block}.mlp_output_layernorm`),
  };
}

/** The bias that belongs to a weight. */
export function biasName(weight: string): string {
  return weight.replace(/\.weight$/, ".bias");
}

/** Whether a tensor is a matrix that is multiplied by, which quantising packs; norms, biases and positions are not. */
export function isMatrix({ name, shape }: TensorShape): boolean {
  return shape.length === 2 && name !== positionsName;
}

/** Every tensor of the model. What blocks share appears once; a tied head does not appear. */
export function tensorShapes(spec: Spec): TensorShape[] {
  const { width: C, embeddingWidth: E, vocabulary: V } = spec;
  const tensors: TensorShape[] = [{ name: embeddingName, shape: [V, E] }];
  if (E !== C) tensors.push({ name: embeddingInName, shape: [C, E] }, { name: embeddingOutName, shape: [E, C] });
  if (spec.positions === "learned") tensors.push({ name: positionsName, shape: [spec.context, C] });
  if (spec.embeddingNorm) tensors.push(...norm(spec, embeddingNormName, C));
  for (let i = 0; i < spec.layers; i++) tensors.push(...blockTensors(spec, i));
  if (spec.normPlacement !== "post") tensors.push(...norm(spec, finalNormName, C));
  if (!spec.tiedEmbeddings) tensors.push({ name: headName, shape: [V, E] });
  if (spec.headBias) tensors.push({ name: biasName(headName), shape: [V] });
  return tensors;
}

function blockTensors(spec: Spec, i: number): TensorShape[] {
  const { width: C } = spec;
  const { ffnWidth: F } = layerShape(spec, i);
  const names = blockNames(spec, i);
  const tensors = [
    ...norm(spec, names.inputNorm, C),
    ...attentionTensors(spec, i),
    ...norm(spec, names.outputNorm, C),
    ...norm(spec, names.postNorm, C),
  ];
  if (i === 0 || !spec.sharedFfn) {
    if (names.gate !== undefined) tensors.push(...linear(names.gate, F, C, spec.ffnBias));
    tensors.push(...linear(names.up, F, C, spec.ffnBias), ...linear(names.down, C, F, spec.ffnBias));
  }
  return [...tensors, ...norm(spec, names.downNorm, C)];
}

function attentionTensors(spec: Spec, i: number): TensorShape[] {
  const { width: C, headSize: D, latent, qkvBias } = spec;
  const { heads, kvHeads } = layerShape(spec, i);
  const names = blockNames(spec, i);
  const [query, keyValue] = [heads * D, kvHeads * D];
  const downs: TensorShape[] = [];
  if (latent !== null) {
    downs.push(
      ...linear(names.queryDown!, latent.query, C, qkvBias),
      ...norm(spec, names.queryDownNorm, latent.query),
      ...linear(names.keyValueDown!, latent.keyValue + spec.ropeSize, C, qkvBias),
      ...norm(spec, names.keyValueDownNorm, latent.keyValue),
    );
  }
  const keyColumns = latent === null ? C : latent.keyValue + spec.ropeSize;
  const bias = qkvBias && latent === null;
  return [
    ...downs,
    ...linear(names.query, query, latent?.query ?? C, bias),
    ...linear(names.key, keyValue, keyColumns, bias),
    ...linear(names.value, keyValue, keyColumns, bias),
    ...norm(spec, names.queryNorm, query),
    ...norm(spec, names.keyNorm, keyValue),
    ...linear(names.output, C, query, spec.outputBias),
  ];
}

function linear(name: string, rows: number, columns: number, bias: boolean): TensorShape[] {
  return [{ name, shape: [rows, columns] }, ...(bias ? [{ name: biasName(name), shape: [rows] }] : [])];
}

function norm(spec: Spec, name: Optional, width: number): TensorShape[] {
  if (name === undefined) return [];
  return [{ name, shape: [width] }, ...(spec.norm === "layer" ? [{ name: biasName(name), shape: [width] }] : [])];
}
