// OLMo 1: Llama whose LayerNorms have no weights, and whose queries, keys and values may be clipped.
import type { Family } from "./family.ts";
import { attentionBiases, llamaFields } from "./llama.ts";
import { llamaBlock, llamaScheme, sources } from "./sources.ts";

export const olmo: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...attentionBiases(config),
    norm: "layer",
    normEps: 1e-5,
    qkvClip: config.number("clip_qkv", 0),
  }),
  tensors: (spec) =>
    sources(spec, {
      ...llamaScheme,
      finalNorm: null,
      block: (i) => ({ ...llamaBlock(i), inputNorm: null, postNorm: null }),
    }),
};
