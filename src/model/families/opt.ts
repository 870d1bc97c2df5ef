// OPT and Galactica: learned positions whose first two rows are unused; norms behind the branches and a narrower embedding in
// OPT-350M; neither biases nor weights of norms in Galactica.
import type { Family } from "./family.ts";
import { sources } from "./sources.ts";

export const opt: Family = {
  names: {
    ffnWidth: "ffn_dim",
    activation: "activation_function",
    embeddingWidth: "word_embed_proj_dim",
  },
  spec: (config) => {
    const width = config.number("hidden_size");
    const bias = config.flag("enable_bias", true);
    const before = config.flag("do_layer_norm_before", true);
    if (before && config.flag("_remove_final_layer_norm", false)) {
      throw config.unsupported("_remove_final_layer_norm true is not supported with do_layer_norm_before");
    }
    return {
      layers: config.number("num_hidden_layers"),
      width,
      embeddingWidth: config.number("word_embed_proj_dim", width),
      ffnWidth: config.number("ffn_dim"),
      heads: config.number("num_attention_heads"),
      vocabulary: config.number("vocab_size"),
      context: config.number("max_position_embeddings", 2048),
      activation: config.activation("activation_function", "relu"),
      gated: false,
      norm: "layer",
      normEps: 1e-5,
      normPlacement: before ? "pre" : "post",
      positions: "learned",
      qkvBias: bias,
      outputBias: bias,
      ffnBias: bias,
      tiedEmbeddings: config.flag("tie_word_embeddings", true),
    };
  },
  prefix: "model.",
  tensors: (spec, config) => {
    const affine = config.flag("layer_norm_elementwise_affine", true);
    const decoder = "model.decoder";
    return sources(spec, {
      embedding: `${decoder}.embed_tokens`,
      embeddingIn: `${decoder}.project_in`,
      embeddingOut: `${decoder}.project_out`,
      positions: `${decoder}.embed_positions`,
      positionsOffset: 2,
      finalNorm: affine ? `${decoder}.final_layer_norm` : null,
      head: "lm_head",
      block: (i) => {
        const block = `${decoder}.layers.${i}`;
        return {
          inputNorm: affine ? `${block}.self_attn_layer_norm` : null,
          query: `${block}.self_attn.q_proj`,
          key: `${block}.self_attn.k_proj`,
          value: `${block}.self_attn.v_proj`,
          output: `${block}.self_attn.out_proj`,
          postNorm: affine ? `${block}.final_layer_norm` : null,
          up: `${block}.fc1`,
          down: `${block}.fc2`,
        };
      },
    });
  },
};
