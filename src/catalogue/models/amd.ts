// AMD: AMD-Llama.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const amd: readonly CatalogueModel[] = [
  {
    name: "AMD-Llama-135M",
    id: "amd/AMD-Llama-135m",
    organisation: "AMD",
    size: "135M",
    date: "2024-08",
    attention: "MHA",
    activation: "silu",
    context: 2048,
    openData: true,
    source: survey,
    publishedParameters: 134_105_856,
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 768,
      intermediate_size: 2048,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      num_key_value_heads: 12,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
      vocab_size: 32_000,
    },
  },
];
