// OpenBMB: MiniCPM and MiniCPM3, whose keys and values are one latent vector.
import { leaderboard, survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const minicpm = {
  model_type: "minicpm",
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  scale_emb: 12,
  scale_depth: 1.4,
  dim_model_base: 256,
  max_position_embeddings: 4096,
};
// What LongRoPE divides the 16 frequencies by, within and beyond 32,768 tokens alike.
const factors = [
  1.0591234137867171, 1.1241891283591912, 1.2596935748670968, 1.5380380402321725, 2.093982484148734, 3.1446935121267696,
  4.937952647693647, 7.524541999994549, 10.475458000005451, 13.062047352306353, 14.85530648787323, 15.906017515851266,
  16.461961959767827, 16.740306425132907, 16.87581087164081, 16.940876586213285,
];
const facts = { organisation: "OpenBMB", activation: "silu", openData: false, source: survey } as const;

export const openbmb: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "MiniCPM-1B",
    id: "openbmb/MiniCPM-1B-sft-bf16",
    size: "1B",
    date: "2024-04",
    attention: "GQA",
    context: 4096,
    config: {
      ...minicpm,
      hidden_size: 1536,
      intermediate_size: 3840,
      num_hidden_layers: 52,
      num_attention_heads: 24,
      num_key_value_heads: 8,
      vocab_size: 73_440,
    },
  },
  {
    ...facts,
    name: "MiniCPM-2B",
    id: "openbmb/MiniCPM-2B-sft-bf16",
    size: "2B",
    date: "2024-04",
    attention: "MHA",
    context: 4096,
    source: leaderboard,
    config: {
      ...minicpm,
      hidden_size: 2304,
      intermediate_size: 5760,
      num_hidden_layers: 40,
      num_attention_heads: 36,
      num_key_value_heads: 36,
      vocab_size: 122_753,
    },
  },
  {
    ...facts,
    name: "MiniCPM3-4B",
    id: "openbmb/MiniCPM3-4B",
    size: "4B",
    date: "2024-09",
    attention: "MLA",
    context: 32_768,
    config: {
      ...minicpm,
      model_type: "minicpm3",
      hidden_size: 2560,
      intermediate_size: 6400,
      num_hidden_layers: 62,
      num_attention_heads: 40,
      num_key_value_heads: 40,
      q_lora_rank: 768,
      kv_lora_rank: 256,
      qk_nope_head_dim: 64,
      qk_rope_head_dim: 32,
      rope_scaling: {
        type: "longrope",
        long_factor: factors,
        short_factor: factors,
        original_max_position_embeddings: 32_768,
      },
      max_position_embeddings: 32_768,
      vocab_size: 73_448,
    },
  },
];
