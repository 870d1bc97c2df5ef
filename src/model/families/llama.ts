// Llama 1 to 3.2, and all that is published as Llama: SmolLM, TinyLlama, MobileLLaMA, Sheared-LLaMA, AMD-Llama, MiniMA,
// CT-LLM, H2O-Danube 3, Fox.
import type { Spec, SpecInput } from "../../spec/spec.ts";
import { type ConfigReader, ropeBase, ropeScaling } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { llamaScheme, sources } from "./sources.ts";

/** The fields that most families share, by transformers' names and Llama's defaults. */
export function llamaFields(config: ConfigReader): SpecInput {
  const width = config.number("hidden_size");
  const heads = config.number("num_attention_heads");
  const context = config.number("max_position_embeddings", 2048);
  return {
    layers: config.number("num_hidden_layers"),
    width,
    ffnWidth: config.number("intermediate_size"),
    heads,
    kvHeads: config.number("num_key_value_heads", heads),
    ...(config.has("head_dim") ? { headSize: config.number("head_dim") } : {}),
    vocabulary: config.number("vocab_size"),
    context,
    activation: config.activation("hidden_act", "silu"),
    gated: true,
    norm: "rms",
    normEps: config.number("rms_norm_eps", 1e-6),
    ropeBase: ropeBase(config),
    ropeScaling: ropeScaling(config, context),
    tiedEmbeddings: config.flag("tie_word_embeddings", false),
  };
}

/** Biases of attention as most classes name them: attention_bias for all four projections. */
export function attentionBiases(config: ConfigReader): Pick<Spec, "qkvBias" | "outputBias"> {
  const bias = config.flag("attention_bias", false);
  return { qkvBias: bias, outputBias: bias };
}

/** {@link attentionBiases}, and mlp_bias for all of the FFN. */
export function llamaBiases(config: ConfigReader): Pick<Spec, "qkvBias" | "outputBias" | "ffnBias"> {
  return { ...attentionBiases(config), ffnBias: config.flag("mlp_bias", false) };
}

export const llama: Family = {
  spec: (config) => ({ ...llamaFields(config), ...llamaBiases(config) }),
  tensors: (spec) => sources(spec, llamaScheme),
};
