// Toyota Research Institute: DCLM, in the architecture of the open_lm library.
import { survey } from "../sources.ts";
import type { CatalogueModel } from "../types.ts";

export const toyota: readonly CatalogueModel[] = [
  {
    name: "DCLM-1B",
    id: "TRI-ML/DCLM-1B",
    organisation: "Toyota",
    size: "1.4B",
    date: "2024-08",
    attention: "MHA",
    activation: "silu",
    context: 2048,
    openData: true,
    source: survey,
    config: {
      model_type: "openlm",
      dim: 2048,
      n_layers: 24,
      n_heads: 16,
      ffn_type: "swiglu_torch",
      norm_type: "gain_only_lp_layer_norm",
      qk_norm: true,
      apply_qk_norm: true,
      positional_embedding_type: "rotary",
      weight_tying: false,
      seq_len: 2048,
      vocab_size: 50_432,
    },
  },
];
