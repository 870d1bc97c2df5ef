// The architecture stage: a small search on this device over shapes that fit the parameter budget, or a given spec.
import { HandheldError } from "../errors.ts";
import type { Backend } from "../kernels/backend.ts";
import { Decoder } from "../model/decoder.ts";
import { loadSpec } from "../model/spec-file.ts";
import { fastestWithinTolerance } from "../search/choose.ts";
import { createTimedMeasure } from "../search/measure.ts";
import type { SearchOptions } from "../search/search.ts";
import { createSpace } from "../search/space.ts";
import { createSpec, type Spec } from "../spec/spec.ts";
import type { PreparedData } from "./data.ts";
import type { CreateOptions } from "./types.ts";

/**
 * Default budget of a call model, in parameters. A training of minutes is short of tokens, so small is better: after two
 * minutes 1.04 M in 3 layers had a held-out loss of 0.25 nats, 1.25 M in 4 layers 0.30. At 1.05 M, 3 layers with an FFN of
 * three widths answered 87.8 % after 8 minutes, 4 layers with two widths 86.3 %.
 */
export const defaultBudget = { min: 1e6, max: 1.3e6 };

/** The search that `create` runs: shapes of the budget, timed on the backend, the fastest of those that should learn well. */
export function architectureSearch(backend: Backend, data: PreparedData, options: CreateOptions): SearchOptions {
  const { summary } = data;
  const answerTokens = Math.max(1, Math.round(summary.meanTokens * 0.4));
  const workload = { promptTokens: Math.max(1, Math.round(summary.meanTokens) - answerTokens), answerTokens };
  const { minParameters, maxParameters } = options;
  const parameters = {
    min: minParameters ?? Math.min(defaultBudget.min, (maxParameters ?? Infinity) * 0.6),
    max: maxParameters ?? Math.max(defaultBudget.max, (minParameters ?? 0) * 1.5),
  };
  return {
    space: createSpace({
      name: "call models",
      parameters,
      vocabulary: summary.vocabulary,
      context: data.context,
      layers: { from: 3, to: 10, step: 1 },
      // Narrower ones only where the budget has no room for these.
      width: parameters.max < defaultBudget.min ? [32, 64, 96, 128] : [128, 160, 192, 224, 256],
      ffnRatio: [3, 4],
      headSize: [32],
      activation: ["silu"],
    }),
    measure: createTimedMeasure({
      workload,
      repeats: 3,
      repeatSeconds: 0.05,
      createDecoder: async (spec) => Decoder.random(backend, spec),
    }),
    choice: fastestWithinTolerance({ ...workload }),
    signal: options.signal,
  };
}

/** A given architecture (preset name or file) with this run's vocabulary and context. */
export async function givenArchitecture(source: string, data: PreparedData): Promise<Spec> {
  const spec = await loadSpec(source);
  if (spec.context < data.summary.longestTokens) {
    throw new HandheldError(
      "invalid-spec",
      `${source}: context ${spec.context} is shorter than the longest training sequence, ${data.summary.longestTokens} tokens; raise it`,
    );
  }
  return createSpec({ ...spec, vocabulary: data.summary.vocabulary }, source);
}
