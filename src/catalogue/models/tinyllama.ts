// The TinyLlama project.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const tinyllama: readonly CatalogueModel[] = [
  {
    name: "TinyLlama-1.1B",
    id: "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T",
    organisation: "TinyLlama",
    size: "1.1B",
    date: "2023-12",
    attention: "GQA",
    activation: "silu",
    context: 2048,
    openData: true,
    source: survey,
    publishedParameters: 1_100_048_384,
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 22,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
      vocab_size: 32_000,
    },
  },
];
