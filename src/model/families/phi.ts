// Phi 1, 1.5 and 2: attention and FFN side by side behind one norm, RoPE over a part of each head, biases everywhere.
import { ropeBase, ropeScaling } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { partOfHead } from "./nemotron.ts";
import { sources } from "./sources.ts";

export const phi: Family = {
  names: { normEps: "layer_norm_eps", ropeSize: "partial_rotary_factor" },
  spec: (config) => {
    const width = config.number("hidden_size");
    const heads = config.number("num_attention_heads");
    const context = config.number("max_position_embeddings", 2048);
    return {
      layers: config.number("num_hidden_layers"),
      width,
      ffnWidth: config.number("intermediate_size"),
      heads,
      kvHeads: config.number("num_key_value_heads", heads),
      vocabulary: config.number("vocab_size"),
      context,
      activation: config.activation("hidden_act", "gelu_new"),
      gated: false,
      norm: "layer",
      normEps: config.number("layer_norm_eps", 1e-5),
      ropeSize: partOfHead(config, Math.floor(width / heads), 0.5),
      ropeBase: ropeBase(config),
      ropeScaling: ropeScaling(config, context),
      qkNorm: config.flag("qk_layernorm", false) ? "head" : "none",
      parallelResidual: true,
      qkvBias: true,
      outputBias: true,
      ffnBias: true,
      headBias: true,
      tiedEmbeddings: config.flag("tie_word_embeddings", false),
    };
  },
  tensors: (spec) =>
    sources(spec, {
      embedding: "model.embed_tokens",
      finalNorm: "model.final_layernorm",
      head: "lm_head",
      sharedHeadNorm: true,
      block: (i) => {
        const block = `model.layers.${i}`;
        const attention = `${block}.self_attn`;
        return {
          inputNorm: `${block}.input_layernorm`,
          query: `${attention}.q_proj`,
          key: `${attention}.k_proj`,
          value: `${attention}.v_proj`,
          queryNorm: `${attention}.q_layernorm`,
          keyNorm: `${attention}.k_layernorm`,
          output: `${attention}.dense`,
          postNorm: `${block}.input_layernorm`,
          up: `${block}.mlp.fc1`,
          down: `${block}.mlp.fc2`,
        };
      },
    }),
};
