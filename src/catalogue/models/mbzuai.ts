// MBZUAI: MobiLlama and LaMini-GPT.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

// Both sizes are published with num_key_value_heads 4, which their own modelling code passes over: keys and values have
// all 32 heads. The small one has one FFN for all blocks, and says so only in the name of that code.
const mobillama = {
  hidden_act: "silu",
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: false,
  max_position_embeddings: 2048,
  vocab_size: 32_000,
};
const gpt2 = {
  model_type: "gpt2",
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  n_positions: 1024,
  vocab_size: 50_258,
};
const mobiFacts = {
  organisation: "MBZUAI",
  date: "2024-02",
  attention: "MHA",
  activation: "silu",
  context: 2048,
  openData: true,
  source: survey,
} as const;
const laminiFacts = {
  organisation: "MBZUAI",
  date: "2023-04",
  attention: "MHA",
  activation: "gelu_tanh",
  context: 1024,
  openData: false,
  source: survey,
} as const;

export const mbzuai: readonly CatalogueModel[] = [
  {
    ...mobiFacts,
    name: "MobiLlama-0.5B",
    id: "MBZUAI/MobiLlama-05B",
    size: "0.5B",
    config: { ...mobillama, model_type: "mobillama" },
  },
  {
    ...mobiFacts,
    name: "MobiLlama-1B",
    id: "MBZUAI/MobiLlama-1B",
    size: "1B",
    config: { ...mobillama, model_type: "llama" },
  },
  {
    ...laminiFacts,
    name: "LaMini-GPT-774M",
    id: "MBZUAI/LaMini-GPT-774M",
    size: "774M",
    config: { ...gpt2, n_embd: 1280, n_layer: 36, n_head: 20 },
  },
  {
    ...laminiFacts,
    name: "LaMini-GPT-1.5B",
    id: "MBZUAI/LaMini-GPT-1.5B",
    size: "1.5B",
    config: { ...gpt2, n_embd: 1600, n_layer: 48, n_head: 25 },
  },
];
