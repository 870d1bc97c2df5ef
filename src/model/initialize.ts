// The first weights of a model to train: random ones, or those of a file.
import { HandheldError } from "../errors.ts";
import { createRandom } from "../random.ts";
import type { Spec } from "../spec/spec.ts";
import type { Parameters } from "../tensor/parameters.ts";
import { addCopyCircuit, embeddingSize } from "./copy-circuit.ts";
import { embeddingName, finalNormName } from "./layout.ts";

/** A named f32 tensor, row-major. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Ways to draw the first weights; see {@link initializeWeights}. */
export const initializations = ["gpt2", "copy"] as const;
export type Initialization = (typeof initializations)[number];

/** What token embeddings begin with besides chance. */
export interface InitialVectors {
  /** [vocabulary, width], rows of unit length, or of zeros where chance decides alone; see `wordVectors`. */
  rows: Float32Array;
  /** Their share of an embedding's squared length, 0..1. */
  share: number;
}

/**
 * Draws random weights; norms 1, biases 0, matrices into the residual stream divided by √(2·executed blocks).
 *
 * - `gpt2`: everything normal(0, 0.02).
 * - `copy`: matrices normal(0, 1/√columns), embeddings normal(0, 0.7), the final norm 1/8 so that tied logits begin near
 *   1, and heads that can copy a span of the prompt (copy-circuit.ts). For tiny models that answer with words of the query.
 */
export function initializeWeights(
  weights: Parameters,
  spec: Spec,
  seed: number,
  kind: Initialization = "gpt2",
  vectors?: InitialVectors,
): void {
  const depth = Math.sqrt(2 * spec.layers * spec.layerRepeat);
  for (const { name, shape } of weights.shapes) {
    const values = weights.view(name);
    if (shape.length === 1) {
      values.fill(name.endsWith(".bias") ? 0 : 1);
      if (kind === "copy" && name === finalNormName) values.fill(1 / 8);
      continue;
    }
    const random = createRandom(seed, "weights", name);
    const columns = shape[1]!;
    const deviation = kind === "gpt2" ? 0.02 : name === embeddingName ? embeddingSize : 1 / Math.sqrt(columns);
    const size = /\.(o_proj|down_proj)\.weight$/.test(name) ? deviation / depth : deviation;
    for (let i = 0; i < values.length; i++) values[i] = random.normal() * size;
    if (vectors && name === embeddingName) mixIn(values, columns, size, vectors);
  }
  if (kind === "copy") addCopyCircuit(weights, spec, seed);
}

/** Replaces a share of random rows, whose components have the deviation `size`, by the vectors at the same length. */
function mixIn(values: Float32Array, width: number, size: number, { rows, share }: InitialVectors): void {
  const scale = Math.sqrt(share * width) * size;
  for (let begin = 0; begin < values.length; begin += width) {
    if (rows.subarray(begin, begin + width).every((value) => value === 0)) continue;
    for (let i = begin; i < begin + width; i++) values[i] = Math.sqrt(1 - share) * values[i]! + scale * rows[i]!;
  }
}

/**
 * Copies tensors into the weights of the same name; a tied head that comes along is left out.
 * @throws HandheldError `invalid-file` when one is missing or has another shape.
 */
export function loadWeights(weights: Parameters, tensors: Iterable<NamedTensor>): void {
  const byName = new Map(Array.from(tensors, (tensor) => [tensor.name, tensor]));
  for (const { name, shape } of weights.shapes) {
    const tensor = byName.get(name);
    if (!tensor)
      throw new HandheldError("invalid-file", `the weights have no tensor "${name}"; use those of this spec`);
    if (tensor.shape.join() !== shape.join()) {
      throw new HandheldError(
        "invalid-file",
        `tensor "${name}" has shape [${tensor.shape}], the spec wants [${shape}]; use the weights of this spec`,
      );
    }
    weights.view(name).set(tensor.data);
  }
}
