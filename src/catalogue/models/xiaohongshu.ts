// Xiaohongshu: MiniMA, distilled from Llama 2. No config of MiniMA-2 1B is known here.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const facts = {
  organisation: "Xiaohongshu",
  attention: "MHA",
  activation: "silu",
  context: 4096,
  openData: false,
  source: survey,
} as const;

export const xiaohongshu: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "MiniMA-3B",
    id: "GeneZC/MiniMA-3B",
    size: "3B",
    date: "2023-11",
    config: {
      model_type: "llama",
      hidden_act: "silu",
      hidden_size: 3072,
      intermediate_size: 8192,
      num_hidden_layers: 24,
      num_attention_heads: 24,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: false,
      max_position_embeddings: 4096,
      vocab_size: 49_216,
    },
  },
  {
    ...facts,
    name: "MiniMA-2-1B",
    id: "GeneZC/MiniMA-2-1B",
    size: "1B",
    date: "2024-07",
    attention: null,
    config: null,
  },
];
