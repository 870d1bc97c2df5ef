// MiniCPM: Llama with the constants of muP: the embedding, both branches of a block and the last norm's output are scaled.
import type { Spec, SpecInput } from "../../spec/spec.ts";
import type { ConfigReader } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { attentionBiases, llamaFields } from "./llama.ts";
import { llamaScheme, type Scheme, sources } from "./sources.ts";

/** What MiniCPM 1 to 3 have in common. */
export function miniCpmFields(config: ConfigReader): SpecInput {
  const fields = llamaFields(config);
  const { ropeScaling: scaling, context = 2048 } = fields;
  const tiedEmbeddings = config.flag("tie_word_embeddings", true);
  if (scaling?.type !== "longrope") return { ...fields, tiedEmbeddings };
  // Which factors hold is a matter of the model's context here, not of a sequence's length.
  const factors = context > scaling.original ? scaling.long : scaling.short;
  return {
    ...fields,
    tiedEmbeddings,
    ropeScaling: { ...scaling, short: factors, long: factors, original: context },
  };
}

/** Llama's names with MiniCPM's factors. */
export function miniCpmScheme(spec: Spec, config: ConfigReader): Scheme {
  return {
    ...llamaScheme,
    embeddingScale: config.number("scale_emb", 1),
    residualScale: config.number("scale_depth", 1) / Math.sqrt(spec.layers),
    logitScale: config.number("dim_model_base", 1) / spec.width,
  };
}

export const minicpm: Family = {
  spec: (config) => ({ ...miniCpmFields(config), ...attentionBiases(config) }),
  tensors: (spec, config) => sources(spec, miniCpmScheme(spec, config)),
};
