// Princeton: Sheared-LLaMA, pruned from Llama 2.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const base = {
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  tie_word_embeddings: false,
  max_position_embeddings: 4096,
  vocab_size: 32_000,
};
const facts = {
  organisation: "Princeton",
  date: "2023-11",
  attention: "MHA",
  activation: "silu",
  context: 4096,
  openData: false,
  source: survey,
} as const;

export const princeton: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Sheared-LLaMA-1.3B",
    id: "princeton-nlp/Sheared-LLaMA-1.3B",
    size: "1.3B",
    publishedParameters: 1_345_423_360,
    config: {
      ...base,
      hidden_size: 2048,
      intermediate_size: 5504,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      num_key_value_heads: 16,
    },
  },
  {
    ...facts,
    name: "Sheared-LLaMA-2.7B",
    id: "princeton-nlp/Sheared-LLaMA-2.7B",
    size: "2.7B",
    config: {
      ...base,
      hidden_size: 2560,
      intermediate_size: 6912,
      num_hidden_layers: 32,
      num_attention_heads: 20,
      num_key_value_heads: 20,
    },
  },
];
