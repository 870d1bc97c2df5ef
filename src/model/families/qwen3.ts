// Qwen 3: Qwen 2 without its biases, with norms of queries and keys.
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { qwenWindow } from "./qwen2.ts";
import { llamaScheme, sources } from "./sources.ts";

export const qwen3: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...(config.has("max_position_embeddings") ? {} : { context: 32_768 }),
    headSize: config.number("head_dim", 128),
    ...llamaBiases(config),
    ...qwenWindow(config),
    qkNorm: "head",
  }),
  tensors: (spec) => sources(spec, { ...llamaScheme, sharedHeadNorm: true }),
};
