// Stability AI: StableLM Zephyr. Instruction-tuned models only.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const stablelm = {
  model_type: "stablelm",
  hidden_act: "silu",
  layer_norm_eps: 1e-5,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  partial_rotary_factor: 0.25,
  rope_theta: 10_000,
  tie_word_embeddings: false,
  max_position_embeddings: 4096,
};
const facts = {
  organisation: "Stability AI",
  attention: "MHA",
  activation: "silu",
  context: 4096,
  openData: true,
  source: survey,
} as const;

export const stabilityAi: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "StableLM-Zephyr-3B",
    id: "stabilityai/stablelm-zephyr-3b",
    size: "3B",
    date: "2023-11",
    publishedParameters: 2_795_443_200,
    config: {
      ...stablelm,
      hidden_size: 2560,
      intermediate_size: 6912,
      num_hidden_layers: 32,
      use_qkv_bias: false,
      vocab_size: 50_304,
    },
  },
  {
    ...facts,
    name: "StableLM-2-Zephyr-1.6B",
    id: "stabilityai/stablelm-2-zephyr-1_6b",
    size: "1.6B",
    date: "2024-01",
    publishedParameters: 1_644_515_328,
    config: {
      ...stablelm,
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 24,
      use_qkv_bias: true,
      vocab_size: 100_352,
    },
  },
];
