// MobiLlama: Llama with one FFN for all blocks. Its code ignores num_key_value_heads: every head has its own keys.
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

export const mobillama: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...llamaBiases(config),
    kvHeads: config.number("num_attention_heads"),
    sharedFfn: true,
  }),
  tensors: (spec) => sources(spec, llamaScheme),
};
