// Granite 3: Llama with four constant factors: of the embedding, of attention scores, of both branches, of logits.
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

export const granite: Family = {
  spec: (config) => ({ ...llamaFields(config), ...llamaBiases(config) }),
  tensors: (spec, config) =>
    sources(spec, {
      ...llamaScheme,
      embeddingScale: config.number("embedding_multiplier", 1),
      scoreScale: () => config.number("attention_multiplier", 1) * Math.sqrt(spec.headSize),
      residualScale: config.number("residual_multiplier", 1),
      logitScale: 1 / config.number("logits_scaling", 1),
    }),
};
