// MobileLLM: Llama with a shared embedding and, in the LS models, blocks that run twice back to back.
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

export const mobilellm: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...llamaBiases(config),
    tiedEmbeddings: config.flag(["share_embedding", "tie_word_embeddings"], true),
    layerRepeat: config.flag("layer_sharing", false) ? 2 : 1,
  }),
  tensors: (spec) => sources(spec, llamaScheme),
};
