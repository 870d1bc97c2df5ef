// TensorOpera: Fox-1.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const tensoropera: readonly CatalogueModel[] = [
  {
    name: "Fox-1-1.6B",
    id: "tensoropera/Fox-1-1.6B",
    organisation: "TensorOpera",
    size: "1.6B",
    date: "2024-07",
    attention: "GQA",
    activation: "silu",
    context: 8192,
    openData: false,
    source: survey,
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 4096,
      num_hidden_layers: 32,
      num_attention_heads: 16,
      num_key_value_heads: 4,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: true,
      max_position_embeddings: 8192,
      vocab_size: 256_000,
    },
  },
];
