// H2O.ai: Danube 3.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const base = {
  model_type: "llama",
  hidden_act: "silu",
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 100_000,
  tie_word_embeddings: false,
  max_position_embeddings: 8192,
  vocab_size: 32_000,
};
const facts = {
  organisation: "H2O.ai",
  date: "2024-07",
  attention: "GQA",
  activation: "silu",
  context: 8192,
  openData: false,
  source: survey,
} as const;

export const h2o: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Danube3-0.5B",
    id: "h2oai/h2o-danube3-500m-base",
    size: "0.5B",
    config: {
      ...base,
      hidden_size: 1536,
      intermediate_size: 4096,
      num_hidden_layers: 16,
      num_attention_heads: 16,
    },
  },
  {
    ...facts,
    name: "Danube3-4B",
    id: "h2oai/h2o-danube3-4b-base",
    size: "4B",
    config: {
      ...base,
      hidden_size: 3840,
      intermediate_size: 10_240,
      num_hidden_layers: 24,
      num_attention_heads: 32,
    },
  },
];
