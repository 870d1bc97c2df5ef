// Hugging Face: SmolLM.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const base = {
  model_type: "llama",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
  vocab_size: 49_152,
};
const facts = {
  organisation: "Hugging Face",
  date: "2024-07",
  attention: "GQA",
  activation: "silu",
  context: 2048,
  openData: true,
  source: survey,
} as const;

export const huggingFace: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "SmolLM-135M",
    id: "HuggingFaceTB/SmolLM-135M",
    size: "135M",
    publishedParameters: 134_515_008,
    config: {
      ...base,
      hidden_size: 576,
      intermediate_size: 1536,
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
    },
  },
  {
    ...facts,
    name: "SmolLM-360M",
    id: "HuggingFaceTB/SmolLM-360M",
    size: "360M",
    publishedParameters: 361_821_120,
    config: {
      ...base,
      hidden_size: 960,
      intermediate_size: 2560,
      num_hidden_layers: 32,
      num_attention_heads: 15,
      num_key_value_heads: 5,
    },
  },
  {
    ...facts,
    name: "SmolLM-1.7B",
    id: "HuggingFaceTB/SmolLM-1.7B",
    size: "1.7B",
    attention: "MHA",
    publishedParameters: 1_711_376_384,
    config: {
      ...base,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 24,
      num_attention_heads: 32,
      num_key_value_heads: 32,
    },
  },
];
