// Cerebras: Cerebras-GPT.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const gpt = {
  model_type: "gpt2",
  activation_function: "gelu",
  layer_norm_epsilon: 1e-5,
  scale_attn_weights: true,
  tie_word_embeddings: true,
  n_positions: 2048,
  vocab_size: 50_257,
};
const facts = {
  organisation: "Cerebras",
  date: "2023-03",
  attention: "MHA",
  activation: "gelu",
  context: 2048,
  openData: true,
  source: survey,
} as const;

export const cerebras: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Cerebras-GPT-111M",
    id: "cerebras/Cerebras-GPT-111M",
    size: "111M",
    config: { ...gpt, n_embd: 768, n_inner: 3072, n_layer: 10, n_head: 12 },
  },
  {
    ...facts,
    name: "Cerebras-GPT-256M",
    id: "cerebras/Cerebras-GPT-256M",
    size: "256M",
    config: { ...gpt, n_embd: 1088, n_inner: 4352, n_layer: 14, n_head: 17 },
  },
  {
    ...facts,
    name: "Cerebras-GPT-590M",
    id: "cerebras/Cerebras-GPT-590M",
    size: "590M",
    config: { ...gpt, n_embd: 1536, n_inner: 6144, n_layer: 18, n_head: 12 },
  },
  {
    ...facts,
    name: "Cerebras-GPT-1.3B",
    id: "cerebras/Cerebras-GPT-1.3B",
    size: "1.3B",
    config: { ...gpt, n_embd: 2048, n_inner: 8192, n_layer: 24, n_head: 16 },
  },
  {
    ...facts,
    name: "Cerebras-GPT-2.7B",
    id: "cerebras/Cerebras-GPT-2.7B",
    size: "2.7B",
    config: { ...gpt, n_embd: 2560, n_inner: 10_240, n_layer: 32, n_head: 32 },
  },
];
