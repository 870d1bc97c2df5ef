// Microsoft: Phi. From Phi-3 on only instruction-tuned models were published.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const phi = {
  model_type: "phi",
  hidden_act: "gelu_new",
  layer_norm_eps: 1e-5,
  rope_theta: 10_000,
  qk_layernorm: false,
  tie_word_embeddings: false,
  max_position_embeddings: 2048,
  vocab_size: 51_200,
};
const phi1 = {
  ...phi,
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 24,
  num_attention_heads: 32,
  partial_rotary_factor: 0.5,
};
const phi3 = {
  model_type: "phi3",
  hidden_act: "silu",
  hidden_size: 3072,
  intermediate_size: 8192,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: false,
  original_max_position_embeddings: 4096,
  vocab_size: 32_064,
};

// What LongRoPE divides the 48 frequencies by, beyond and within 4,096 tokens.
const phi35Long = [
  1.0800000429153442, 1.1100000143051147, 1.1399999856948853, 1.340000033378601, 1.5899999141693115, 1.600000023841858,
  1.6200000047683716, 2.620000123977661, 3.2300000190734863, 3.2300000190734863, 4.789999961853027, 7.400000095367432,
  7.700000286102295, 9.09000015258789, 12.199999809265137, 17.670000076293945, 24.46000099182129, 28.57000160217285,
  30.420001983642578, 30.840002059936523, 32.590003967285156, 32.93000411987305, 42.320003509521484, 44.96000289916992,
  50.340003967285156, 50.45000457763672, 57.55000305175781, 57.93000411987305, 58.21000289916992, 60.1400032043457,
  62.61000442504883, 62.62000274658203, 62.71000289916992, 63.1400032043457, 63.1400032043457, 63.77000427246094,
  63.93000411987305, 63.96000289916992, 63.970001220703125, 64.02999877929688, 64.06999969482422, 64.08000183105469,
  64.12000274658203, 64.41000366210938, 64.4800033569336, 64.51000213623047, 64.52999877929688, 64.83999633789062,
];
const phi35Short = [
  1.0, 1.0199999809265137, 1.0299999713897705, 1.0299999713897705, 1.0499999523162842, 1.0499999523162842,
  1.0499999523162842, 1.0499999523162842, 1.0499999523162842, 1.0699999332427979, 1.0999999046325684,
  1.1099998950958252, 1.1599998474121094, 1.1599998474121094, 1.1699998378753662, 1.2899998426437378, 1.339999794960022,
  1.679999828338623, 1.7899998426437378, 1.8199998140335083, 1.8499997854232788, 1.8799997568130493, 1.9099997282028198,
  1.9399996995925903, 1.9899996519088745, 2.0199997425079346, 2.0199997425079346, 2.0199997425079346,
  2.0199997425079346, 2.0199997425079346, 2.0199997425079346, 2.0299997329711914, 2.0299997329711914,
  2.0299997329711914, 2.0299997329711914, 2.0299997329711914, 2.0299997329711914, 2.0299997329711914,
  2.0299997329711914, 2.0299997329711914, 2.0799996852874756, 2.0899996757507324, 2.189999580383301, 2.2199995517730713,
  2.5899994373321533, 2.729999542236328, 2.749999523162842, 2.8399994373321533,
];

const facts = {
  organisation: "Microsoft",
  attention: "MHA",
  activation: "gelu_tanh",
  context: 2048,
  openData: false,
  source: survey,
} as const;
const phi3Facts = { ...facts, activation: "silu", publishedParameters: 3_821_079_552 } as const;

export const microsoft: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "Phi-1",
    id: "microsoft/phi-1",
    size: "1.3B",
    date: "2023-09",
    publishedParameters: 1_418_270_720,
    config: phi1,
  },
  {
    ...facts,
    name: "Phi-1.5",
    id: "microsoft/phi-1_5",
    size: "1.3B",
    date: "2023-09",
    publishedParameters: 1_418_270_720,
    config: phi1,
  },
  {
    ...facts,
    name: "Phi-2",
    id: "microsoft/phi-2",
    size: "2.7B",
    date: "2023-12",
    publishedParameters: 2_779_683_840,
    config: {
      ...phi,
      hidden_size: 2560,
      intermediate_size: 10_240,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      partial_rotary_factor: 0.4,
    },
  },
  {
    ...phi3Facts,
    name: "Phi-3-mini",
    id: "microsoft/Phi-3-mini-4k-instruct",
    size: "3.8B",
    date: "2024-04",
    context: 4096,
    config: { ...phi3, max_position_embeddings: 4096, sliding_window: 2047, rope_scaling: null },
  },
  {
    ...phi3Facts,
    name: "Phi-3.5-mini",
    id: "microsoft/Phi-3.5-mini-instruct",
    size: "3.8B",
    date: "2024-09",
    context: 131_072,
    config: {
      ...phi3,
      max_position_embeddings: 131_072,
      sliding_window: 262_144,
      rope_scaling: { type: "longrope", long_factor: phi35Long, short_factor: phi35Short },
    },
  },
];
