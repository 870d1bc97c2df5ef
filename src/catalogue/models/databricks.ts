// Databricks: Dolly v2, which is Pythia 2.8B tuned on instructions.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const databricks: readonly CatalogueModel[] = [
  {
    name: "Dolly-v2-3B",
    id: "databricks/dolly-v2-3b",
    organisation: "Databricks",
    size: "3B",
    date: "2023-04",
    attention: "MHA",
    activation: "gelu",
    context: 2048,
    openData: true,
    source: survey,
    publishedParameters: 2_775_086_080,
    config: {
      model_type: "gpt_neox",
      hidden_act: "gelu",
      hidden_size: 2560,
      intermediate_size: 10_240,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      layer_norm_eps: 1e-5,
      rotary_pct: 0.25,
      rotary_emb_base: 10_000,
      use_parallel_residual: true,
      tie_word_embeddings: false,
      max_position_embeddings: 2048,
      vocab_size: 50_280,
    },
  },
];
