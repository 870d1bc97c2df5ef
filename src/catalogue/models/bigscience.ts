// BigScience: Bloom, and Bloomz, which is Bloom tuned on instructions.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const bloom = {
  model_type: "bloom",
  layer_norm_epsilon: 1e-5,
  n_layer: 24,
  n_head: 16,
  seq_length: 2048,
  vocab_size: 250_880,
};
const facts = {
  organisation: "BigScience",
  date: "2022-11",
  attention: "MHA",
  activation: "gelu_tanh",
  context: 2048,
  openData: true,
  source: survey,
} as const;
const small = { size: "560M", publishedParameters: 559_214_592, config: { ...bloom, hidden_size: 1024 } };
const large = { size: "1.1B", publishedParameters: 1_065_314_304, config: { ...bloom, hidden_size: 1536 } };

export const bigscience: readonly CatalogueModel[] = [
  { ...facts, ...small, name: "Bloom-560M", id: "bigscience/bloom-560m" },
  { ...facts, ...large, name: "Bloom-1.1B", id: "bigscience/bloom-1b1" },
  { ...facts, ...small, name: "Bloomz-560M", id: "bigscience/bloomz-560m" },
  { ...facts, ...large, name: "Bloomz-1.1B", id: "bigscience/bloomz-1b1" },
];
