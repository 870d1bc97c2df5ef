// The whole models that a calibration measures, and tiny ones for what a forward pass costs besides its operations. Few
// layers of many kinds, so that they take little time and differ in what bounds them.

import { forwardFlops } from "../../spec/arithmetic.ts";
import { createSpec, type Spec, type SpecInput } from "../../spec/spec.ts";
import type { TimedModel } from "./whole-model.ts";

/** A model to time, with a name for reports. */
export interface CheckModel extends TimedModel {
  name: string;
}

type Row = [
  layers: number,
  width: number,
  ffnWidth: number,
  heads: number,
  kvHeads: number,
  vocabulary: number,
  activation: "relu" | "silu",
  layerRepeat: number,
  prompt: number,
  context: number,
];

const rows: Row[] = [
  [12, 576, 1536, 9, 3, 49152, "silu", 1, 64, 64],
  [8, 1024, 4864, 16, 16, 32000, "relu", 1, 128, 128],
  [30, 384, 1152, 6, 2, 32000, "silu", 1, 256, 512],
  [16, 512, 2048, 8, 4, 49152, "relu", 2, 32, 96],
  [4, 2048, 5632, 32, 4, 65536, "silu", 1, 64, 256],
  [6, 1536, 8960, 12, 2, 151936, "silu", 1, 48, 64],
  [4, 2560, 6784, 16, 16, 49152, "relu", 1, 64, 128],
  [24, 768, 2304, 12, 12, 32000, "relu", 1, 96, 384],
  [14, 960, 2560, 15, 5, 49152, "silu", 1, 96, 192],
  [3, 2048, 10240, 16, 8, 100352, "relu", 1, 64, 64],
  [32, 640, 1792, 10, 2, 65536, "silu", 1, 48, 128],
  [6, 512, 1536, 4, 4, 151936, "relu", 1, 64, 64],
  [5, 1280, 3456, 20, 4, 32000, "silu", 2, 64, 64],
  [40, 512, 1408, 8, 8, 32000, "relu", 1, 64, 256],
  // Some 10 to 30 MB, about what last-level caches hold.
  [10, 320, 896, 5, 5, 32000, "relu", 1, 64, 96],
  [20, 384, 1024, 6, 3, 32000, "silu", 1, 96, 128],
  [6, 640, 2016, 10, 5, 32000, "relu", 1, 64, 64],
];

function toSpec([layers, width, ffnWidth, heads, kvHeads, vocabulary, activation, layerRepeat]: Row): Spec {
  return createSpec({ layers, width, ffnWidth, heads, kvHeads, vocabulary, activation, layerRepeat, context: 1024 });
}

function nameOf([layers, width, ffnWidth, heads, kvHeads, vocabulary, activation, repeat]: Row): string {
  const sharing = repeat > 1 ? `${layers}×${repeat}` : `${layers}`;
  return `${sharing} layers, width ${width}, FFN ${ffnWidth}, ${heads}/${kvHeads} heads, ${vocabulary} tokens, ${activation}`;
}

// Two rounds of each: warming up, three repeats at least, what is cached before decoding; decoding and the anchors take as long.
const promptsTimed = 24;

/** As many of the models as `seconds` allow at `rate` multiply-adds per microsecond, at least six of the smallest. */
export function chooseCheckModels(rate: number, seconds: number): CheckModel[] {
  const models = rows.map((row) => ({ name: nameOf(row), spec: toSpec(row), prompt: row[8], context: row[9] }));
  const cost = (model: CheckModel) => (promptsTimed * forwardFlops(model.spec, { tokens: model.prompt })) / 2e6 / rate;
  const cheapest = models.toSorted((a, b) => cost(a) - cost(b));
  let spent = 0;
  const chosen = new Set(cheapest.filter((model, i) => (spent += cost(model)) <= seconds || i < 6));
  return models.filter((model) => chosen.has(model));
}

/** A model whose tokens are worth less than `serialWork`, and one whose are worth more. */
export function stepModels(serialWork: number): { small: Spec; large: Spec } {
  const tiny: SpecInput = { layers: 1, width: 64, ffnWidth: 128, heads: 2, vocabulary: 1024, context: 64 };
  const vocabulary = 8192 + 8 * Math.ceil(serialWork / 64 / 8);
  return { small: createSpec(tiny), large: createSpec({ ...tiny, vocabulary }) };
}
