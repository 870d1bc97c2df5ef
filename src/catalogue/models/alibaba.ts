// Alibaba: Qwen, 1 to 2.5.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const qwen2 = {
  model_type: "qwen2",
  hidden_act: "silu",
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  use_sliding_window: false,
  max_position_embeddings: 32_768,
  vocab_size: 151_936,
};
const half = {
  ...qwen2,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
};
const oneAndAHalf = {
  ...qwen2,
  hidden_size: 1536,
  intermediate_size: 8960,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
  max_position_embeddings: 131_072,
};

const facts = {
  organisation: "Alibaba",
  activation: "silu",
  context: 32_768,
  openData: false,
  source: survey,
} as const;
const qwen15Facts = { ...facts, date: "2024-02", attention: "MHA" } as const;
const qwen2Facts = { ...facts, date: "2024-06", attention: "GQA" } as const;
const qwen25Facts = { ...facts, date: "2024-09", attention: "GQA" } as const;

export const alibaba: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Qwen-1.8B",
    id: "Qwen/Qwen-1_8B",
    size: "1.8B",
    date: "2023-11",
    attention: "MHA",
    context: 8192,
    publishedParameters: 1_836_828_672,
    config: {
      model_type: "qwen",
      hidden_size: 2048,
      intermediate_size: 11_008, // twice the width of a half: this family counts gate and up together
      kv_channels: 128,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      layer_norm_epsilon: 1e-6,
      no_bias: true,
      rotary_emb_base: 10_000,
      rotary_pct: 1,
      seq_length: 8192,
      use_dynamic_ntk: true,
      use_logn_attn: true,
      tie_word_embeddings: false,
      max_position_embeddings: 8192,
      vocab_size: 151_936,
    },
  },
  {
    ...qwen15Facts,
    name: "Qwen1.5-0.5B",
    id: "Qwen/Qwen1.5-0.5B",
    size: "0.5B",
    config: {
      ...qwen2,
      hidden_size: 1024,
      intermediate_size: 2816,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      tie_word_embeddings: true,
    },
  },
  {
    ...qwen15Facts,
    name: "Qwen1.5-1.8B",
    id: "Qwen/Qwen1.5-1.8B",
    size: "1.8B",
    publishedParameters: 1_836_828_672,
    config: {
      ...qwen2,
      hidden_size: 2048,
      intermediate_size: 5504,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      tie_word_embeddings: false,
    },
  },
  {
    ...qwen15Facts,
    name: "Qwen1.5-4B",
    id: "Qwen/Qwen1.5-4B",
    size: "4B",
    publishedParameters: 3_950_369_280,
    config: {
      ...qwen2,
      hidden_size: 2560,
      intermediate_size: 6912,
      num_hidden_layers: 40,
      num_attention_heads: 20,
      num_key_value_heads: 20,
      rope_theta: 5_000_000,
      tie_word_embeddings: false,
    },
  },
  {
    ...qwen2Facts,
    name: "Qwen2-0.5B",
    id: "Qwen/Qwen2-0.5B",
    size: "0.5B",
    publishedParameters: 494_032_768,
    config: { ...half, max_position_embeddings: 131_072 },
  },
  {
    ...qwen2Facts,
    name: "Qwen2-1.5B",
    id: "Qwen/Qwen2-1.5B",
    size: "1.5B",
    publishedParameters: 1_543_714_304,
    config: oneAndAHalf,
  },
  {
    ...qwen25Facts,
    name: "Qwen2.5-0.5B",
    id: "Qwen/Qwen2.5-0.5B",
    size: "0.5B",
    publishedParameters: 494_032_768,
    config: half,
  },
  {
    ...qwen25Facts,
    name: "Qwen2.5-1.5B",
    id: "Qwen/Qwen2.5-1.5B",
    size: "1.5B",
    publishedParameters: 1_543_714_304,
    config: oneAndAHalf,
  },
  {
    ...qwen25Facts,
    name: "Qwen2.5-3B",
    id: "Qwen/Qwen2.5-3B",
    size: "3B",
    publishedParameters: 3_085_938_688,
    config: {
      ...qwen2,
      hidden_size: 2048,
      intermediate_size: 11_008,
      num_hidden_layers: 36,
      num_attention_heads: 16,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
    },
  },
];
