// Meituan: MobileLLaMA.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const meituan: readonly CatalogueModel[] = [
  {
    name: "MobileLLaMA-1.4B",
    id: "mtgv/MobileLLaMA-1.4B-Base",
    organisation: "Meituan",
    size: "1.4B",
    date: "2023-12",
    attention: "MHA",
    activation: "silu",
    context: 2048,
    openData: true,
    source: survey,
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      rms_norm_eps: 1e-6,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
      vocab_size: 32_000,
    },
  },
];
