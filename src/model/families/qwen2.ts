// Qwen 1.5, 2 and 2.5: Llama with biases of queries, keys and values, and a sliding window in some blocks where asked for.
import type { SpecInput } from "../../spec/spec.ts";
import { type ConfigReader, fullLayers } from "./config-reader.ts";
import type { Family } from "./family.ts";
import { llamaFields } from "./llama.ts";
import { llamaScheme, sources } from "./sources.ts";

/** The sliding window of Qwen 2 and 3: in blocks from max_window_layers on, with use_sliding_window. */
export function qwenWindow(config: ConfigReader): Partial<SpecInput> {
  if (!config.flag("use_sliding_window", false)) return {};
  const first = config.number("max_window_layers", 28);
  return {
    slidingWindow: config.isNull("sliding_window") ? 0 : config.number("sliding_window", 4096),
    fullLayers: fullLayers(config, config.number("num_hidden_layers"), (i) => i < first),
  };
}

export const qwen2: Family = {
  spec: (config) => ({
    ...llamaFields(config),
    ...(config.has("max_position_embeddings") ? {} : { context: 32_768 }),
    ...qwenWindow(config),
    qkvBias: true,
  }),
  tensors: (spec) => sources(spec, llamaScheme),
};
