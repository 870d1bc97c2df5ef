// The model that bench measures: a directory with weights, or random int4 weights for a spec.

import type { Backend } from "../../kernels/backend.ts";
import { Decoder } from "../../model/decoder.ts";
import { loadSpec } from "../../spec/load.ts";

/** A decoder and what to call it. */
export interface OpenedModel {
  decoder: Decoder;
  model: string;
  /** Where the weights come from: "random int4 weights". */
  weights: string;
}

/**
 * Opens `source` for at least `context` tokens. A model with a shorter context is measured beyond it: speed does not
 * depend on what it learned.
 * @throws HandheldError as loadSpec and Decoder do
 */
export async function openForBench(
  backend: Backend,
  source: string,
  context: number,
  seed: number,
): Promise<OpenedModel> {
  const spec = await loadSpec(source);
  const longer = { ...spec, context: Math.max(spec.context, context) };
  return { decoder: Decoder.random(backend, longer, seed), model: source, weights: "random int4 weights" };
}
