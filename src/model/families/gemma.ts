// Gemma: Llama with norms by 1 + w, an embedding multiplied by the root of its width, and heads of their own size.
import type { SpecInput } from "../../spec/spec.ts";
import type { ConfigReader } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { attentionBiases, llamaFields } from "./llama.ts";
import { llamaScheme, type Scheme, sources } from "./sources.ts";

/** What all Gemmas have in common. */
export function gemmaFields(config: ConfigReader): SpecInput {
  // The first files said "gelu" and meant its approximation, which is what the published code computes.
  const named = config.activation(["hidden_activation", "hidden_act"], "gelu_pytorch_tanh");
  return {
    ...llamaFields(config),
    ...(config.has("max_position_embeddings") ? {} : { context: 8192 }),
    headSize: config.number("head_dim", 256),
    activation: named === "gelu" && !config.has("hidden_activation") ? "gelu_tanh" : named,
    ...attentionBiases(config),
    tiedEmbeddings: config.flag("tie_word_embeddings", true),
  };
}

/** Llama's names with Gemma's factors. */
export function gemmaScheme(width: number): Scheme {
  return { ...llamaScheme, normPlus: 1, embeddingScale: Math.fround(Math.sqrt(width)) };
}

export const gemma: Family = {
  spec: gemmaFields,
  tensors: (spec) => sources(spec, gemmaScheme(spec.width)),
};
