// BLOOM: ALiBi, a norm of the embedding, fused projections whose rows alternate by heads.
import type { Family } from "./family.ts";
import { alternating, sources } from "./sources.ts";

export const bloom: Family = {
  names: { layers: "n_layer", heads: "n_head", normEps: "layer_norm_epsilon", context: "seq_length" },
  spec: (config) => {
    const width = config.number(["hidden_size", "n_embed"]);
    return {
      layers: config.number(["n_layer", "num_hidden_layers"]),
      width,
      ffnWidth: config.number("n_inner", 4 * width),
      heads: config.number(["n_head", "num_attention_heads"]),
      vocabulary: config.number("vocab_size"),
      context: config.number("seq_length", 2048),
      activation: "gelu_tanh",
      gated: false,
      norm: "layer",
      normEps: config.number("layer_norm_epsilon", 1e-5),
      normPlacement: config.flag("apply_residual_connection_post_layernorm", false) ? "stream" : "pre",
      embeddingNorm: true,
      positions: "alibi",
      qkvBias: true,
      outputBias: true,
      ffnBias: true,
      tiedEmbeddings: config.flag("tie_word_embeddings", true),
    };
  },
  prefix: "transformer.",
  tensors: (spec) =>
    sources(spec, {
      embedding: "transformer.word_embeddings",
      embeddingNorm: "transformer.word_embeddings_layernorm",
      finalNorm: "transformer.ln_f",
      head: "lm_head",
      block: (i) => {
        const block = `transformer.h.${i}`;
        const qkv = (part: number) =>
          alternating(`${block}.self_attention.query_key_value`, part, spec.heads, spec.headSize);
        return {
          inputNorm: `${block}.input_layernorm`,
          query: qkv(0),
          key: qkv(1),
          value: qkv(2),
          output: `${block}.self_attention.dense`,
          postNorm: `${block}.post_attention_layernorm`,
          up: `${block}.mlp.dense_h_to_4h`,
          down: `${block}.mlp.dense_4h_to_h`,
        };
      },
    }),
};
