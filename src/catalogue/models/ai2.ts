// Ai2 (the Allen Institute for AI): OLMo, whose norms have no weights.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const ai2: readonly CatalogueModel[] = [
  {
    name: "OLMo-1B",
    id: "allenai/OLMo-1B-hf",
    organisation: "Ai2",
    size: "1.18B",
    date: "2024-04",
    attention: "MHA",
    activation: "silu",
    context: 2048,
    openData: true,
    source: survey,
    publishedParameters: 1_176_764_416,
    config: {
      model_type: "olmo",
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      attention_bias: false,
      clip_qkv: null,
      rope_theta: 10_000,
      tie_word_embeddings: true,
      max_position_embeddings: 2048,
      vocab_size: 50_304,
    },
  },
];
