// PhoneLM: Llama with RoPE tables of 8 bits (section 3.1 of the paper); ReLU is in its config.json.
import type { Family } from "./family.ts";
import { llamaBiases, llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

export const phonelm: Family = {
  spec: (config) => ({ ...llamaFields(config), ...llamaBiases(config), ropeTable: "int8" }),
  tensors: (spec) => sources(spec, llamaScheme),
};
