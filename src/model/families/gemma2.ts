// Gemma 2: Gemma with norms before and behind each branch, soft-caps, and a sliding window in every second block.
import type { Spec } from "../../spec/spec.ts";
import { type ConfigReader, fullLayers } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { gemmaFields, gemmaScheme } from "./gemma.ts";
import { llamaBlock, type Scheme, sources } from "./sources.ts";

/** Gemma's scheme with four norms in a block, and scores that query_pre_attn_scalar scales. */
export function sandwichScheme(spec: Spec, config: ConfigReader): Scheme {
  const scalar = config.number("query_pre_attn_scalar", 256);
  return {
    ...gemmaScheme(spec.width),
    scoreScale: () => Math.sqrt(spec.headSize / scalar),
    block: (i) => ({
      ...llamaBlock(i),
      outputNorm: `model.layers.${i}.post_attention_layernorm`,
      postNorm: `model.layers.${i}.pre_feedforward_layernorm`,
      downNorm: `model.layers.${i}.post_feedforward_layernorm`,
    }),
  };
}

export const gemma2: Family = {
  spec: (config) => ({
    ...gemmaFields(config),
    normPlacement: "sandwich",
    attentionCap: config.isNull("attn_logit_softcapping") ? 0 : config.number("attn_logit_softcapping", 50),
    logitCap: config.isNull("final_logit_softcapping") ? 0 : config.number("final_logit_softcapping", 30),
    slidingWindow: config.isNull("sliding_window") ? 0 : config.number("sliding_window", 4096),
    fullLayers: fullLayers(config, config.number("num_hidden_layers"), (i) => i % 2 === 1),
  }),
  tensors: (spec, config) => sources(spec, sandwichScheme(spec, config)),
};
