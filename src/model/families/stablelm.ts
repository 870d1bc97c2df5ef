// StableLM 3B and StableLM 2: Llama with LayerNorm and RoPE over a part of each head; in some, biases of queries, keys and
// values, norms of each head, attention and FFN side by side.
import type { Family } from "./family.ts";
import { llamaFields } from "./llama.ts";
import { partOfHead } from "./nemotron.ts";
import { llamaBlock, llamaScheme, range, sources } from "./sources.ts";

export const stablelm: Family = {
  names: { normEps: "layer_norm_eps", ropeSize: "partial_rotary_factor" },
  spec: (config) => {
    const fields = llamaFields(config);
    return {
      ...fields,
      ...(config.has("max_position_embeddings") ? {} : { context: 4096 }),
      norm: "layer",
      normEps: config.number("layer_norm_eps", 1e-5),
      ropeSize: partOfHead(config, Math.floor(fields.width / fields.heads), 0.25),
      qkvBias: config.flag("use_qkv_bias", false),
      qkNorm: config.flag("qk_layernorm", false) ? "head" : "none",
      parallelResidual: config.flag("use_parallel_residual", false),
    };
  },
  tensors: (spec) =>
    sources(spec, {
      ...llamaScheme,
      block: (i) => {
        const names = llamaBlock(i);
        const ofHeads = (which: string, heads: number) =>
          range(0, heads).map((head) => `model.layers.${i}.self_attn.${which}_layernorm.norms.${head}`);
        return {
          ...names,
          ...(spec.qkNorm === "head"
            ? { queryNorm: ofHeads("q", spec.heads), keyNorm: ofHeads("k", spec.kvHeads) }
            : {}),
          postNorm: spec.parallelResidual ? names.inputNorm : names.postNorm,
        };
      },
    }),
};
