// GPT-2, Cerebras-GPT and LaMini-GPT: learned positions, LayerNorm, biases, fused matrices that are stored [in, out].
import type { Family } from "./family.ts";
import { slice, sources } from "./sources.ts";

export const gpt2: Family = {
  names: {
    layers: "n_layer",
    width: "n_embd",
    ffnWidth: "n_inner",
    heads: "n_head",
    context: "n_positions",
    activation: "activation_function",
    normEps: "layer_norm_epsilon",
  },
  spec: (config) => {
    const width = config.number(["n_embd", "hidden_size"]);
    return {
      layers: config.number(["n_layer", "num_hidden_layers"]),
      width,
      ffnWidth: config.number("n_inner", 4 * width),
      heads: config.number(["n_head", "num_attention_heads"]),
      vocabulary: config.number("vocab_size"),
      context: config.number(["n_positions", "n_ctx", "max_position_embeddings"], 1024),
      activation: config.activation("activation_function", "gelu_new"),
      gated: false,
      norm: "layer",
      normEps: config.number("layer_norm_epsilon", 1e-5),
      positions: "learned",
      qkvBias: true,
      outputBias: true,
      ffnBias: true,
      tiedEmbeddings: config.flag("tie_word_embeddings", true),
    };
  },
  prefix: "transformer.",
  tensors: (spec, config) => {
    const { width: C } = spec;
    const unscaled = config.flag("scale_attn_weights", true) ? 1 : Math.sqrt(spec.headSize);
    const byLayer = config.flag("scale_attn_by_inverse_layer_idx", false);
    return sources(spec, {
      transposed: true,
      embedding: "transformer.wte",
      positions: "transformer.wpe",
      finalNorm: "transformer.ln_f",
      head: "lm_head",
      scoreScale: (i) => unscaled / (byLayer ? i + 1 : 1),
      block: (i) => {
        const block = `transformer.h.${i}`;
        const qkv = (part: number) => slice(`${block}.attn.c_attn`, part * C, C, 3 * C);
        return {
          inputNorm: `${block}.ln_1`,
          query: qkv(0),
          key: qkv(1),
          value: qkv(2),
          output: `${block}.attn.c_proj`,
          postNorm: `${block}.ln_2`,
          up: `${block}.mlp.c_fc`,
          down: `${block}.mlp.c_proj`,
        };
      },
    });
  },
};
