// Nvidia: Minitron, pruned from Nemotron-4 15B.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const nvidia: readonly CatalogueModel[] = [
  {
    name: "Minitron-4B",
    id: "nvidia/Minitron-4B-Base",
    organisation: "Nvidia",
    size: "4B",
    date: "2024-07",
    attention: "GQA",
    activation: "relu2",
    context: 4096,
    openData: false,
    source: survey,
    config: {
      model_type: "nemotron",
      hidden_act: "relu2",
      hidden_size: 3072,
      intermediate_size: 9216,
      num_hidden_layers: 32,
      num_attention_heads: 24,
      num_key_value_heads: 8,
      head_dim: 128,
      norm_eps: 1e-5,
      partial_rotary_factor: 0.5,
      rope_theta: 10_000,
      tie_word_embeddings: false,
      max_position_embeddings: 4096,
      vocab_size: 256_000,
    },
  },
];
