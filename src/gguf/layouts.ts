// Architectures of llama.cpp that are written, as data: what they compute, how their files call the tensors, which of them
// are fused or have their rows in another order.
import { HandheldError } from "../errors.ts";
import { plainOptions, type Spec } from "../spec/spec.ts";

/** Any value of a field. */
const any = Symbol("any value");

/** One architecture. */
export interface GgufLayout {
  /** `general.architecture`, and the beginning of its metadata keys. */
  name: string;
  /** What it computes: fields of a spec, and their values. */
  computes: Readonly<Record<string, unknown>>;
  /** Theirs by our name, both without ".weight" or ".bias". */
  outer: Readonly<Record<string, string>>;
  /** The same within `blk.N` and `model.layers.N`. */
  block: Readonly<Record<string, string>>;
  /** Their matrix in a block ← ours, row below row. */
  fused: Readonly<Record<string, readonly string[]>>;
  /** Rows 2i and 2i + 1 of a head of queries and keys turn together; elsewhere i and D/2 + i do. */
  interleaved: boolean;
}

const outer = { "model.embed_tokens": "token_embd", "model.norm": "output_norm", lm_head: "output" };
const norms = { input_layernorm: "attn_norm", post_attention_layernorm: "ffn_norm" };
const attention = {
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
};
const ffn = { "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down" };
const gatedFfn = { ...ffn, "mlp.gate_proj": "ffn_gate" };

/** A decoder with nothing special: what each architecture computes beside what it says. */
const plain = { ...plainOptions, ropeTable: "f32" };
const llama: GgufLayout = {
  name: "llama",
  // How RoPE is scaled is in a tensor of factors, or in metadata.
  computes: { ...plain, ropeScaling: any, norm: "rms", gated: true, activation: "silu" },
  outer,
  block: { ...norms, ...attention, ...gatedFfn },
  fused: {},
  interleaved: true,
};

/** What is written. */
export const ggufLayouts: readonly GgufLayout[] = [
  llama,
  { ...llama, name: "qwen2", computes: { ...llama.computes, qkvBias: true }, interleaved: false },
  // With any biases; of queries, keys and values alone they are Qwen 2's.
  { ...llama, computes: { ...llama.computes, qkvBias: any, outputBias: any, ffnBias: any } },
  {
    name: "gpt2",
    computes: {
      ...{ ...plain, norm: "layer", gated: false, activation: "gelu_tanh", positions: "learned" },
      ...{ qkvBias: true, outputBias: true, ffnBias: true },
    },
    outer: { ...outer, "model.embed_positions": "position_embd" },
    block: { ...norms, "self_attn.o_proj": "attn_output", ...ffn },
    fused: { attn_qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"] },
    interleaved: false,
  },
];

/** The layout that computes what a spec asks for. @throws HandheldError `unsupported`, saying why none does */
export function layoutFor(spec: Spec, where: string): GgufLayout {
  const objections = new Map<string, string>();
  for (const layout of ggufLayouts) {
    const objection = objectionTo(layout, spec);
    if (objection === null) return layout;
    objections.set(layout.name, `${layout.name} ${objection}`);
  }
  const reasons = [...objections.values()].join("; ");
  throw new HandheldError("unsupported", `${where}: no architecture of GGUF fits: ${reasons}`);
}

function objectionTo({ name, computes }: GgufLayout, spec: Spec): string | null {
  for (const [field, wanted] of Object.entries(computes)) {
    const [has, wants] = [spec[field as keyof Spec], wanted].map((value) => JSON.stringify(value));
    // MobiLlama's shared FFN is written once for each block.
    if (has !== wants && wanted !== any && field !== "sharedFfn") return `has ${field} ${wants}, not ${has}`;
  }
  const { width, heads, kvHeads, headSize, ropeSize, embeddingWidth, positions } = spec;
  if (embeddingWidth !== width) return `has embeddings of width ${width}, not ${embeddingWidth}`;
  if (positions === "rope" && ropeSize !== headSize) return `turns heads of ${headSize} whole, not ${ropeSize} of it`;
  if (name === "gpt2" && (kvHeads !== heads || heads * headSize !== width)) return "has heads that split its width";
  return null;
}

/** Where one of our tensors is in a file. */
export interface GgufName {
  name: string;
  /** Our tensors that it consists of, this one among them. */
  parts: readonly string[];
}

/** The name of our tensor in a file whose block `block` it is in (ours, without repeats, where not given). */
export function ggufName(layout: GgufLayout, ours: string, block?: number): GgufName {
  const { 1: at, 2: inner, 3: kind } = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(ours)!;
  if (at === undefined) return { name: `${layout.outer[inner!]}.${kind}`, parts: [ours] };
  for (const [fused, parts] of Object.entries(layout.fused)) {
    if (!parts.includes(inner!)) continue;
    return {
      name: `blk.${block ?? at}.${fused}.${kind}`,
      parts: parts.map((part) => `model.layers.${at}.${part}.${kind}`),
    };
  }
  return { name: `blk.${block ?? at}.${layout.block[inner!]}.${kind}`, parts: [ours] };
}

/** Heads whose rows have another order in a file: those of a tensor of ours; null where the order is the same. */
export function interleavedHeads(layout: GgufLayout, ours: string, spec: Spec): number | null {
  if (!layout.interleaved) return null;
  if (ours.includes(".self_attn.q_proj.")) return spec.heads;
  return ours.includes(".self_attn.k_proj.") ? spec.kvHeads : null;
}

/** From neighbours 2i and 2i + 1 of each head to halves i and D/2 + i. `rows` is [heads · D, columns] or [heads · D]. */
export function splitHalves(rows: Float32Array, heads: number, D: number): Float32Array<ArrayBuffer> {
  return reorder(rows, heads, D, (d) => (d < D / 2 ? 2 * d : 2 * (d - D / 2) + 1));
}

/** The inverse of {@link splitHalves}. */
export function joinHalves(rows: Float32Array, heads: number, D: number): Float32Array<ArrayBuffer> {
  return reorder(rows, heads, D, (d) => (d % 2) * (D / 2) + (d >> 1));
}

function reorder(
  rows: Float32Array,
  heads: number,
  D: number,
  source: (d: number) => number,
): Float32Array<ArrayBuffer> {
  const columns = rows.length / (heads * D);
  const out = new Float32Array(rows.length);
  for (let row = 0; row < heads * D; row++) {
    const from = row - (row % D) + source(row % D);
    out.set(rows.subarray(from * columns, (from + 1) * columns), row * columns);
  }
  return out;
}
