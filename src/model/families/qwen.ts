// Qwen 1 (custom code on the hub): fused queries, keys and values with a bias, w2 as the FFN's gate, and a config.json whose
// intermediate_size is twice the FFN's width.
import { ropeBase } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { slice, sources } from "./sources.ts";

export const qwen: Family = {
  names: { normEps: "layer_norm_epsilon", headSize: "kv_channels", context: "seq_length" },
  spec: (config) => {
    const longest = config.number("max_position_embeddings", 8192);
    const headSize = config.number("kv_channels", 128);
    return {
      layers: config.number("num_hidden_layers"),
      width: config.number("hidden_size"),
      ffnWidth: config.number("intermediate_size") / 2,
      heads: config.number("num_attention_heads"),
      headSize,
      ropeSize: Math.floor(headSize * config.number("rotary_pct", 1)),
      vocabulary: config.number("vocab_size"),
      // Beyond seq_length the published code changes base and scores from prompt to prompt; here that is the end.
      context: Math.min(longest, config.number("seq_length", longest)),
      activation: "silu",
      gated: true,
      normEps: config.number("layer_norm_epsilon", 1e-6),
      ropeBase: config.has("rotary_emb_base") ? config.number("rotary_emb_base") : ropeBase(config),
      qkvBias: true,
      tiedEmbeddings: config.flag("tie_word_embeddings", false),
    };
  },
  prefix: "transformer.",
  tensors: (spec) => {
    const part = spec.heads * spec.headSize;
    return sources(spec, {
      embedding: "transformer.wte",
      finalNorm: "transformer.ln_f",
      head: "lm_head",
      block: (i) => {
        const block = `transformer.h.${i}`;
        const qkv = (index: number) => slice(`${block}.attn.c_attn`, index * part, part, 3 * part);
        return {
          inputNorm: `${block}.ln_1`,
          query: qkv(0),
          key: qkv(1),
          value: qkv(2),
          output: `${block}.attn.c_proj`,
          postNorm: `${block}.ln_2`,
          gate: `${block}.mlp.w2`,
          up: `${block}.mlp.w1`,
          down: `${block}.mlp.c_proj`,
        };
      },
    });
  },
};
