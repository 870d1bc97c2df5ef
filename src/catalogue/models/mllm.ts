// The mllm team (Beijing University of Posts and Telecommunications): PhoneLM.
import { phoneLm } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

const base = {
  model_type: "phonelm",
  hidden_act: "relu",
  num_attention_heads: 16,
  num_key_value_heads: 16,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
  max_position_embeddings: 2048,
  vocab_size: 49_152,
};
const facts = {
  organisation: "mllmTeam",
  date: "2024-11",
  attention: "MHA",
  activation: "relu",
  context: 2048,
  openData: true,
  source: phoneLm,
} as const;

export const mllm: readonly CatalogueModel[] = [
  {
    ...facts,
    name: "PhoneLM-0.5B",
    id: "mllmTeam/PhoneLM-0.5B",
    size: "0.5B",
    config: {
      ...base,
      hidden_size: 1024,
      intermediate_size: 4864,
      num_hidden_layers: 24,
    },
  },
  {
    ...facts,
    name: "PhoneLM-1.5B",
    id: "mllmTeam/PhoneLM-1.5B",
    size: "1.5B",
    config: {
      ...base,
      hidden_size: 2560,
      intermediate_size: 6816,
      num_hidden_layers: 19,
    },
  },
];
