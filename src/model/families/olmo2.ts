// OLMo 2: Llama with norms behind the branches instead of before them, and of all queries and all keys of a token.
import type { Family } from "./family.ts";
import { attentionBiases, llamaFields } from "./llama.ts";
import { llamaBlock, llamaScheme, sources } from "./sources.ts";

export const olmo2: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...attentionBiases(config),
    normEps: config.number("rms_norm_eps", 1e-5),
    normPlacement: "output",
    qkNorm: "width",
  }),
  tensors: (spec) =>
    sources(spec, {
      ...llamaScheme,
      block: (i) => ({
        ...llamaBlock(i),
        inputNorm: `model.layers.${i}.post_attention_layernorm`,
        postNorm: `model.layers.${i}.post_feedforward_layernorm`,
      }),
    }),
};
