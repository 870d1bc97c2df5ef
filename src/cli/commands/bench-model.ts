// The model that bench measures: a directory with weights, or random int4 weights for a spec.
import { pathExists } from "../../io.ts";
import type { Backend } from "../../kernels/backend.ts";
import { Decoder } from "../../model/decoder.ts";
import { modelFiles } from "../../model/directory.ts";
import { type LoadOptions, loadDecoder } from "../../model/load.ts";
import { shardIndexFile } from "../../model/shards.ts";
import { loadSpec } from "../../model/spec-file.ts";

/** A decoder and what to call it. */
export interface OpenedModel {
  decoder: Decoder;
  model: string;
  /** Number format and origin of the weights: "int4 weights", "random int4 weights". */
  weights: string;
}

/**
 * Opens `source` for at least `minContext` tokens. A model with a shorter context is measured beyond it: speed does not
 * depend on what it learned.
 * @throws HandheldError as loadDecoder, loadSpec and Decoder do
 */
export async function openForBench(
  backend: Backend,
  source: string,
  minContext: number,
  seed: number,
  format: LoadOptions["format"],
): Promise<OpenedModel> {
  if (await hasWeights(source)) {
    const decoder = await loadDecoder(backend, source, { minContext, format });
    return { decoder, model: source, weights: `${decoder.weights.format} weights` };
  }
  const spec = await loadSpec(source);
  const longer = { ...spec, context: Math.max(spec.context, minContext) };
  return { decoder: Decoder.random(backend, longer, seed), model: source, weights: "random int4 weights" };
}

/** Whether a path is a directory with weights, rather than a spec or the name of a preset. */
export async function hasWeights(source: string): Promise<boolean> {
  const files = [modelFiles.weights, shardIndexFile];
  const found = await Promise.all(files.map((file) => pathExists(`${source}/${file}`)));
  return found.includes(true);
}
