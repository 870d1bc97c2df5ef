// Apple: OpenELM, whose blocks grow: heads and FFN width are lists, one number per block.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const openelm = {
  model_type: "openelm",
  activation_fn_name: "swish",
  ffn_with_glu: true,
  ffn_dim_divisor: 256,
  num_gqa_groups: 4,
  normalization_layer_name: "rms_norm",
  normalize_qk_projections: true,
  share_input_output_layers: true,
  rope_freq_constant: 10_000,
  rope_max_length: 4096,
  max_context_length: 2048,
  vocab_size: 32_000,
};
const facts = {
  organisation: "Apple",
  date: "2024-04",
  attention: "GQA",
  activation: "silu",
  context: 2048,
  openData: true,
  source: survey,
} as const;

export const apple: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "OpenELM-270M",
    id: "apple/OpenELM-270M",
    size: "270M",
    publishedParameters: 271_527_168,
    config: {
      ...openelm,
      model_dim: 1280,
      head_dim: 64,
      num_transformer_layers: 16,
      num_query_heads: [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20],
      num_kv_heads: [3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5],
      ffn_multipliers: [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53, 3.77, 4],
    },
  },
  {
    ...facts,
    name: "OpenELM-450M",
    id: "apple/OpenELM-450M",
    size: "450M",
    publishedParameters: 457_179_136,
    config: {
      ...openelm,
      model_dim: 1536,
      head_dim: 64,
      num_transformer_layers: 20,
      num_query_heads: [12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24],
      num_kv_heads: [3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6],
      ffn_multipliers: [
        0.5, 0.68, 0.87, 1.05, 1.24, 1.42, 1.61, 1.79, 1.97, 2.16, 2.34, 2.53, 2.71, 2.89, 3.08, 3.26, 3.45, 3.63, 3.82,
        4,
      ],
    },
  },
  {
    ...facts,
    name: "OpenELM-1.1B",
    id: "apple/OpenELM-1_1B",
    size: "1.1B",
    publishedParameters: 1_079_891_456,
    config: {
      ...openelm,
      model_dim: 2048,
      head_dim: 64,
      num_transformer_layers: 28,
      num_query_heads: [
        16, 16, 16, 20, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24, 24, 24, 24, 24, 28, 28, 28, 28, 28, 28, 32, 32, 32, 32,
      ],
      num_kv_heads: [4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 8, 8, 8, 8],
      ffn_multipliers: [
        0.5, 0.63, 0.76, 0.89, 1.02, 1.15, 1.28, 1.41, 1.54, 1.67, 1.8, 1.93, 2.06, 2.19, 2.31, 2.44, 2.57, 2.7, 2.83,
        2.96, 3.09, 3.22, 3.35, 3.48, 3.61, 3.74, 3.87, 4,
      ],
    },
  },
  {
    ...facts,
    name: "OpenELM-3B",
    id: "apple/OpenELM-3B",
    size: "3B",
    publishedParameters: 3_036_647_424,
    config: {
      ...openelm,
      model_dim: 3072,
      head_dim: 128,
      num_transformer_layers: 36,
      num_query_heads: [
        12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20,
        20, 20, 24, 24, 24, 24, 24, 24,
      ],
      num_kv_heads: [
        3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6,
      ],
      ffn_multipliers: [
        0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7,
        2.8, 2.9, 3, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9, 4,
      ],
    },
  },
];
