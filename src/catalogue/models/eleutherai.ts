// EleutherAI: Pythia.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const pythia = {
  model_type: "gpt_neox",
  hidden_act: "gelu",
  layer_norm_eps: 1e-5,
  rotary_pct: 0.25,
  rotary_emb_base: 10_000,
  use_parallel_residual: true,
  tie_word_embeddings: false,
  max_position_embeddings: 2048,
  vocab_size: 50_304,
};
const facts = {
  organisation: "EleutherAI",
  date: "2023-03",
  attention: "MHA",
  activation: "gelu",
  context: 2048,
  openData: true,
  source: survey,
} as const;

export const eleutherai: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Pythia-160M",
    id: "EleutherAI/pythia-160m",
    size: "160M",
    publishedParameters: 162_322_944,
    config: { ...pythia, hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
  },
  {
    ...facts,
    name: "Pythia-410M",
    id: "EleutherAI/pythia-410m",
    size: "410M",
    publishedParameters: 405_334_016,
    config: { ...pythia, hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 24, num_attention_heads: 16 },
  },
  {
    ...facts,
    name: "Pythia-1B",
    id: "EleutherAI/pythia-1b",
    size: "1B",
    publishedParameters: 1_011_781_632,
    config: { ...pythia, hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 16, num_attention_heads: 8 },
  },
  {
    ...facts,
    name: "Pythia-1.4B",
    id: "EleutherAI/pythia-1.4b",
    size: "1.4B",
    publishedParameters: 1_414_647_808,
    config: { ...pythia, hidden_size: 2048, intermediate_size: 8192, num_hidden_layers: 24, num_attention_heads: 16 },
  },
  {
    ...facts,
    name: "Pythia-2.8B",
    id: "EleutherAI/pythia-2.8b",
    size: "2.8B",
    publishedParameters: 2_775_208_960,
    config: { ...pythia, hidden_size: 2560, intermediate_size: 10_240, num_hidden_layers: 32, num_attention_heads: 32 },
  },
];
