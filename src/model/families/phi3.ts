// Phi 3 and 3.5: Llama with fused projections, LongRoPE and a sliding window.
import type { Family } from "./family.ts";
import { llamaFields } from "./llama.ts";
import { partOfHead } from "./nemotron.ts";
import { llamaBlock, llamaScheme, slice, sources } from "./sources.ts";

export const phi3: Family = {
  spec: (config) => {
    const fields = llamaFields(config);
    const headSize = fields.headSize ?? Math.floor(fields.width / fields.heads);
    return {
      ...fields,
      normEps: config.number("rms_norm_eps", 1e-5),
      ...(config.has("max_position_embeddings") ? {} : { context: 4096 }),
      ropeSize: partOfHead(config, headSize, 1),
      slidingWindow: config.number("sliding_window", 0),
    };
  },
  tensors: (spec) => {
    const { heads, kvHeads, headSize: D, ffnWidth: F } = spec;
    const all = (heads + 2 * kvHeads) * D;
    return sources(spec, {
      ...llamaScheme,
      block: (i) => {
        const block = `model.layers.${i}`;
        const qkv = `${block}.self_attn.qkv_proj`;
        const gateUp = `${block}.mlp.gate_up_proj`;
        return {
          ...llamaBlock(i),
          query: slice(qkv, 0, heads * D, all),
          key: slice(qkv, heads * D, kvHeads * D, all),
          value: slice(qkv, (heads + kvHeads) * D, kvHeads * D, all),
          gate: slice(gateUp, 0, F, 2 * F),
          up: slice(gateUp, F, F, 2 * F),
        };
      },
    });
  },
};
