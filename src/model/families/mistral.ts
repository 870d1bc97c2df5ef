// Mistral and H2O-Danube 1 and 2: Llama whose blocks may all have a sliding window.
import type { Family } from "./family.ts";
import { llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

export const mistral: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    kvHeads: config.number("num_key_value_heads", 8),
    ...(config.has("max_position_embeddings") ? {} : { context: 131_072 }),
    slidingWindow: config.isNull("sliding_window") ? 0 : config.number("sliding_window", 4096),
  }),
  tensors: (spec) => sources(spec, llamaScheme),
};
