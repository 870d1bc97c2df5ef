// Gemma 3, text only: Gemma 2 without attention's soft-cap, with norms of queries and keys, and most blocks local with a RoPE
// base of their own.
import { fullLayers, ropeBase, ropeScaling } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { gemmaFields } from "./gemma.ts";
import { sandwichScheme } from "./gemma2.ts";
import { sources } from "./sources.ts";

export const gemma3: Family = {
  spec: (config) => {
    const fields = gemmaFields(config);
    const context = config.number("max_position_embeddings", 131_072);
    const pattern = config.number(["sliding_window_pattern", "_sliding_window_pattern"], 6);
    const cap = (key: string) => config.number(key, 0);
    return {
      ...fields,
      context,
      normPlacement: "sandwich",
      qkNorm: "head",
      attentionCap: cap("attn_logit_softcapping"),
      logitCap: cap("final_logit_softcapping"),
      slidingWindow: config.isNull("sliding_window") ? 0 : config.number("sliding_window", 4096),
      fullLayers: fullLayers(config, config.number("num_hidden_layers"), (i) => (i + 1) % pattern === 0),
      ropeBase: ropeBase(config, 1e6),
      ropeScaling: ropeScaling(config, context),
      localRopeBase: config.number("rope_local_base_freq", 10_000),
    };
  },
  tensors: (spec, config) => sources(spec, { ...sandwichScheme(spec, config), sharedHeadNorm: true }),
};
