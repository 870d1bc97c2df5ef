// M-A-P (Multimodal Art Projection): CT-LLM, trained mostly on Chinese.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const map: readonly CatalogueModel[] = [
  {
    name: "CT-LLM-2B",
    id: "m-a-p/CT-LLM-Base",
    organisation: "M-A-P",
    size: "2B",
    date: "2024-04",
    attention: "MHA",
    activation: "silu",
    context: 4096,
    openData: true,
    source: survey,
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 2048,
      intermediate_size: 5504,
      num_hidden_layers: 32,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: false,
      max_position_embeddings: 4096,
      vocab_size: 125_824,
    },
  },
];
