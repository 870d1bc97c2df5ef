// Nemotron and Minitron: LayerNorm by 1 + w, an FFN without a gate whose ReLU is squared, RoPE over a part of each head.
import { type ConfigReader, ropeBase } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

/** How many numbers of a head RoPE turns. */
export function partOfHead(config: ConfigReader, headSize: number, fallback: number): number {
  const key = "partial_rotary_factor";
  const part = config.section("rope_parameters")?.number(key, config.number(key, fallback));
  return Math.floor(headSize * (part ?? config.number(key, fallback)));
}

export const nemotron: Family = {
  names: { normEps: "norm_eps", ropeSize: "partial_rotary_factor" },
  spec: (config) => {
    const fields = llamaFields(config);
    const headSize = fields.headSize ?? Math.floor(fields.width / fields.heads);
    return {
      ...fields,
      ...llamaBiases(config),
      ...(config.has("max_position_embeddings") ? {} : { context: 4096 }),
      headSize,
      activation: config.activation("hidden_act", "relu2"),
      gated: false,
      norm: "layer",
      normEps: config.number("norm_eps", 1e-5),
      ropeSize: partOfHead(config, headSize, 0.5),
      ropeBase: ropeBase(config),
    };
  },
  tensors: (spec) => sources(spec, { ...llamaScheme, normPlus: 1 }),
};
