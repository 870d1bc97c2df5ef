// Architectures of GGUF files as what they were converted from: a config.json of Hugging Face and the tensors beside it. The
// families of src/model read those, so that a file is read as the model is that it was made from.
import type { ConfigFields } from "./metadata.ts";

/** How llama.cpp's converter changed a tensor, which reading takes back. */
export type Change =
  /** Rows i and D/2 + i of each head became 2i and 2i + 1. */
  | "interleaved"
  /** [in, out] became [out, in]. */
  | "transposed"
  /** Rows of queries, keys and values that alternated by heads came to lie one after the other. */
  | "grouped"
  /** 1 was added. */
  | "plusOne"
  /** The vectors of all heads became one matrix; the number at the end of the name is the head's. */
  | "stacked";

/** One architecture. */
export interface GgufFamily {
  /** `model_type` of its config.json. */
  type: string;
  /** Fields of config.json beside those that all have. */
  config?: (fields: ConfigFields) => Record<string, unknown>;
  /** Theirs by the name in transformers, both without ".weight" or ".bias"; N is a block. */
  names: Readonly<Record<string, string>>;
  /** Changes by a part of the name in transformers, ".weight" or ".bias" included. */
  changes?: readonly (readonly [part: string, change: Change])[];
}

const outer = { "model.embed_tokens": "token_embd", "model.norm": "output_norm", lm_head: "output" };
const block = (names: Record<string, string>, prefix = "model.layers.N.") =>
  Object.fromEntries(Object.entries(names).map(([ours, theirs]) => [prefix + ours, `blk.N.${theirs}`]));
const attention = {
  ...{ "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v" },
  ...{ "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "self_attn.o_proj": "attn_output" },
};
const ffn = { "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down" };
const llamaBlock = { input_layernorm: "attn_norm", ...attention, post_attention_layernorm: "ffn_norm", ...ffn };
const llamaNames = { ...outer, ...block(llamaBlock) };
const interleaved = [
  ["self_attn.q_proj.", "interleaved"],
  ["self_attn.k_proj.", "interleaved"],
] as const;
const plusOne = [["norm.weight", "plusOne"]] as const;
const sandwichNames = {
  ...outer,
  ...block({
    ...{ input_layernorm: "attn_norm", ...attention, post_attention_layernorm: "post_attention_norm" },
    ...{ pre_feedforward_layernorm: "ffn_norm", ...ffn, post_feedforward_layernorm: "post_ffw_norm" },
  }),
};

/** A block of GPT-2's kind, with what its parts are called. */
function fusedBlock(
  prefix: string,
  names: [attnNorm: string, qkv: string, out: string, norm: string, up: string, down: string],
) {
  const theirs = ["attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_up", "ffn_down"];
  return block(Object.fromEntries(names.map((name, i) => [name, theirs[i]!])), prefix);
}

const llama: GgufFamily = {
  type: "llama",
  names: llamaNames,
  changes: interleaved,
  config: (fields) => ({ attention_bias: fields.has("blk.0.attn_q.bias"), mlp_bias: fields.has("blk.0.ffn_up.bias") }),
};

/** Families by `general.architecture`. */
export const ggufFamilies: Readonly<Record<string, GgufFamily>> = {
  llama,
  qwen2: { type: "qwen2", names: llamaNames },
  qwen3: { type: "qwen3", names: llamaNames },
  granite: {
    ...{ type: "granite", names: llamaNames, changes: interleaved },
    config: (fields) => ({
      embedding_multiplier: fields.number("embedding_scale", 1),
      residual_multiplier: fields.number("residual_scale", 1),
      attention_multiplier: fields.number("attention.scale", 1 / Math.sqrt(fields.headSize)),
      logits_scaling: fields.number("logit_scale", 1),
    }),
  },
  minicpm: {
    ...{ type: "minicpm", names: llamaNames, changes: interleaved },
    config: (fields) => ({
      scale_emb: fields.number("embedding_scale"),
      scale_depth: fields.number("residual_scale") * Math.sqrt(fields.number("block_count")),
      dim_model_base: fields.number("embedding_length") / fields.number("logit_scale"),
    }),
  },
  gemma: { type: "gemma", names: llamaNames, changes: plusOne },
  gemma2: {
    ...{ type: "gemma2", names: sandwichNames, changes: plusOne },
    config: (fields) => ({
      // Not in the file: llama.cpp knows the one size, of 46 blocks, in which it is not the head's.
      query_pre_attn_scalar: fields.number("block_count") === 46 ? fields.widthPerHead : fields.headSize,
      attn_logit_softcapping: fields.number("attn_logit_softcapping", 50),
      final_logit_softcapping: fields.number("final_logit_softcapping", 30),
      sliding_window: fields.number("attention.sliding_window", 4096),
    }),
  },
  gemma3: {
    ...{ type: "gemma3_text", names: sandwichNames, changes: plusOne },
    config: (fields) => ({
      query_pre_attn_scalar: fields.number("block_count") === 62 ? fields.widthPerHead : fields.headSize,
      final_logit_softcapping: fields.number("final_logit_softcapping", 0),
      sliding_window: fields.number("attention.sliding_window", 0) || null,
      rope_local_base_freq: fields.number("rope.freq_base_swa", 10_000),
      rope_theta: fields.number("rope.freq_base", 1e6),
    }),
  },
  phi3: {
    type: "phi3",
    names: { ...llamaNames, ...block({ "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up" }) },
    config: (fields) => ({ sliding_window: fields.number("attention.sliding_window", 0) }),
  },
  phi2: {
    type: "phi",
    names: {
      ...{ ...outer, "model.final_layernorm": "output_norm" },
      ...block({
        ...{ input_layernorm: "attn_norm", ...attention, "self_attn.dense": "attn_output" },
        ...{ "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down" },
      }),
    },
  },
  stablelm: {
    type: "stablelm",
    names: {
      ...llamaNames,
      ...block({ "self_attn.q_layernorm.norms.H": "attn_q_norm", "self_attn.k_layernorm.norms.H": "attn_k_norm" }),
    },
    changes: [["layernorm.norms.", "stacked"]],
    config: (fields) => ({
      use_qkv_bias: fields.has("blk.0.attn_q.bias"),
      qk_layernorm: fields.has("blk.0.attn_q_norm.weight"),
      // llama.cpp does not ask the metadata, but whether there is a norm for the FFN.
      use_parallel_residual: !fields.has("blk.0.ffn_norm.weight"),
    }),
  },
  olmo: {
    ...{ type: "olmo", names: llamaNames, changes: interleaved },
    config: (fields) => ({ clip_qkv: fields.number("attention.clamp_kqv", 0) }),
  },
  olmo2: {
    type: "olmo2",
    names: {
      ...outer,
      ...block({
        ...{ ...attention, ...ffn },
        ...{ post_attention_layernorm: "post_attention_norm", post_feedforward_layernorm: "post_ffw_norm" },
      }),
    },
  },
  nemotron: {
    type: "nemotron",
    names: llamaNames,
    changes: plusOne,
    config: (fields) => ({
      attention_bias: fields.has("blk.0.attn_q.bias"),
      mlp_bias: fields.has("blk.0.ffn_up.bias"),
    }),
  },
  gpt2: {
    type: "gpt2",
    names: {
      ...{ "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm" },
      lm_head: "output",
      ...fusedBlock("transformer.h.N.", ["ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"]),
    },
    changes: [
      ["c_attn.weight", "transposed"],
      ["c_proj.weight", "transposed"],
      ["c_fc.weight", "transposed"],
    ],
  },
  gptneox: {
    type: "gpt_neox",
    names: {
      ...{ "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", embed_out: "output" },
      ...fusedBlock("gpt_neox.layers.N.", [
        ...(["input_layernorm", "attention.query_key_value", "attention.dense"] as const),
        ...(["post_attention_layernorm", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"] as const),
      ]),
    },
    changes: [["query_key_value", "grouped"]],
    config: (fields) => ({
      rotary_pct: fields.number("rope.dimension_count", fields.headSize) / fields.headSize,
      use_parallel_residual: fields.flag("use_parallel_residual", true),
    }),
  },
  bloom: {
    type: "bloom",
    names: {
      ...{ "transformer.word_embeddings": "token_embd", "transformer.word_embeddings_layernorm": "token_embd_norm" },
      ...{ "transformer.ln_f": "output_norm", lm_head: "output" },
      ...fusedBlock("transformer.h.N.", [
        ...(["input_layernorm", "self_attention.query_key_value", "self_attention.dense"] as const),
        ...(["post_attention_layernorm", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"] as const),
      ]),
    },
    changes: [["query_key_value", "grouped"]],
  },
};
