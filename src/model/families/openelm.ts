// OpenELM: every block has its own heads and FFN width; fused projections, norms of queries and keys.
import type { LayerShape } from "../../spec/spec.ts";
import type { ConfigReader } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { range, slice, sources } from "./sources.ts";

export const openelm: Family = {
  names: {
    layers: "num_transformer_layers",
    width: "model_dim",
    layerShapes: "num_query_heads",
    context: "max_context_length",
    activation: "activation_fn_name",
  },
  spec: (config) => {
    const width = config.number("model_dim");
    const layerShapes = shapes(config, width);
    const most = (key: keyof LayerShape) => layerShapes.reduce((so, shape) => Math.max(so, shape[key]), 0);
    return {
      layers: config.number("num_transformer_layers"),
      width,
      heads: most("heads"),
      kvHeads: most("kvHeads"),
      ffnWidth: most("ffnWidth"),
      layerShapes,
      headSize: config.number("head_dim"),
      vocabulary: config.number("vocab_size"),
      context: config.number("max_context_length", 2048),
      activation: config.activation("activation_fn_name", "swish"),
      gated: config.flag("ffn_with_glu", true),
      normEps: 1e-6,
      ropeBase: config.number("rope_freq_constant", 10_000),
      qkNorm: config.flag("normalize_qk_projections", true) ? "head" : "none",
      tiedEmbeddings: config.flag("share_input_output_layers", true),
    };
  },
  prefix: "transformer.",
  tensors: (spec) =>
    sources(spec, {
      embedding: "transformer.token_embeddings",
      finalNorm: "transformer.norm",
      head: "lm_head",
      sharedHeadNorm: true,
      block: (i) => {
        const block = `transformer.layers.${i}`;
        const { heads, kvHeads, ffnWidth: F } = spec.layerShapes![i]!;
        const D = spec.headSize;
        const all = (heads + 2 * kvHeads) * D;
        const qkv = (first: number, count: number) => slice(`${block}.attn.qkv_proj`, first * D, count * D, all);
        const inner = `${block}.ffn.proj_1`;
        return {
          inputNorm: `${block}.attn_norm`,
          query: qkv(0, heads),
          key: qkv(heads, kvHeads),
          value: qkv(heads + kvHeads, kvHeads),
          queryNorm: `${block}.attn.q_norm`,
          keyNorm: `${block}.attn.k_norm`,
          output: `${block}.attn.out_proj`,
          postNorm: `${block}.ffn_norm`,
          gate: slice(inner, 0, F, 2 * F),
          up: spec.gated ? slice(inner, F, F, 2 * F) : inner,
          down: `${block}.ffn.proj_2`,
        };
      },
    }),
};

/** Sizes of each block: those that config.json lists, or what its multipliers make of the first and the last block. */
function shapes(config: ConfigReader, width: number): LayerShape[] {
  const layers = Math.min(config.number("num_transformer_layers"), 4096);
  const multipliers = perLayer(config, "ffn_multipliers", layers);
  const divisor = config.number("ffn_dim_divisor", 256);
  const heads = config.has("num_query_heads") ? config.numbers("num_query_heads") : derivedHeads(config, width, layers);
  const groups = config.number("num_gqa_groups", 1);
  const kvHeads = config.has("num_kv_heads") ? config.numbers("num_kv_heads") : heads.map((count) => count / groups);
  if (heads.length !== layers || kvHeads.length !== layers || multipliers.length !== layers) {
    throw config.invalid("num_query_heads, num_kv_heads and ffn_multipliers must have one number for each layer");
  }
  return heads.map((count, i) => ({
    heads: count,
    kvHeads: kvHeads[i]!,
    ffnWidth: nearestMultiple(multipliers[i]! * width, divisor),
  }));
}

function derivedHeads(config: ConfigReader, width: number, layers: number): number[] {
  const headSize = config.number("head_dim");
  const unit = headSize * config.number("num_gqa_groups", 1);
  return perLayer(config, "qkv_multipliers", layers).map((factor) => nearestMultiple(width * factor, unit) / headSize);
}

/** A number for each layer: one for all, the first and the last, or a list. */
function perLayer(config: ConfigReader, key: string, layers: number): number[] {
  const value = config.raw(key);
  if (typeof value === "number") return range(0, layers).fill(value);
  const [first, last, ...rest] = config.numbers(key) as [number, number, ...number[]];
  if (rest.length > 0 || last === undefined) return config.numbers(key);
  const step = (last - first) / Math.max(1, layers - 1);
  return range(0, layers).map((i) => Math.round((first + i * step) * 100) / 100);
}

/** The multiple of `divisor` that is nearest, at least one, and not more than a tenth below. */
function nearestMultiple(value: number, divisor: number): number {
  const near = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return near < 0.9 * value ? near + divisor : near;
}
