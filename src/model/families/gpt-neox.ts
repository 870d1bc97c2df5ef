// GPT-NeoX: Pythia and Dolly 2. Attention and FFN side by side, RoPE over a part of each head, fused projections whose rows
// alternate by heads.
import type { Family } from "./family.ts";
import { alternating, sources } from "./sources.ts";

export const gptNeox: Family = {
  names: { activation: "hidden_act", normEps: "layer_norm_eps", ropeSize: "rotary_pct" },
  spec: (config) => {
    const width = config.number("hidden_size");
    const heads = config.number("num_attention_heads");
    const attentionBias = config.flag("attention_bias", true);
    const rope = config.section("rope_parameters");
    const part = rope?.number("partial_rotary_factor", 0.25) ?? config.number("rotary_pct", 0.25);
    return {
      layers: config.number("num_hidden_layers"),
      width,
      ffnWidth: config.number("intermediate_size"),
      heads,
      vocabulary: config.number("vocab_size"),
      context: config.number("max_position_embeddings", 2048),
      activation: config.activation("hidden_act", "gelu"),
      gated: false,
      norm: "layer",
      normEps: config.number("layer_norm_eps", 1e-5),
      ropeSize: Math.floor(Math.floor(width / heads) * part),
      ropeBase: rope?.number("rope_theta", 10_000) ?? config.number(["rotary_emb_base", "rope_theta"], 10_000),
      qkvBias: attentionBias,
      outputBias: attentionBias,
      ffnBias: true,
      parallelResidual: config.flag("use_parallel_residual", true),
      tiedEmbeddings: config.flag("tie_word_embeddings", false),
    };
  },
  prefix: "gpt_neox.",
  tensors: (spec) =>
    sources(spec, {
      embedding: "gpt_neox.embed_in",
      finalNorm: "gpt_neox.final_layer_norm",
      head: "embed_out",
      block: (i) => {
        const block = `gpt_neox.layers.${i}`;
        const qkv = (part: number) =>
          alternating(`${block}.attention.query_key_value`, part, spec.heads, spec.headSize);
        return {
          inputNorm: `${block}.input_layernorm`,
          query: qkv(0),
          key: qkv(1),
          value: qkv(2),
          output: `${block}.attention.dense`,
          postNorm: `${block}.post_attention_layernorm`,
          up: `${block}.mlp.dense_h_to_4h`,
          down: `${block}.mlp.dense_4h_to_h`,
        };
      },
    }),
};
