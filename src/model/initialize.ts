// The first weights of a model to train: random ones, or those of a file.
import { HandheldError } from "../errors.ts";
import { createRandom } from "../random.ts";
import type { Spec } from "../spec/spec.ts";
import type { Parameters } from "../tensor/parameters.ts";

/** A named f32 tensor, row-major. */
export interface NamedTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Standard deviation of random weights, as in GPT-2. */
const deviation = 0.02;

/** Matrices normal(0, 0.02), those into the residual stream divided by √(2·executed blocks); norms 1, biases 0. */
export function initializeWeights(weights: Parameters, spec: Spec, seed: number): void {
  const depth = Math.sqrt(2 * spec.layers * spec.layerRepeat);
  for (const { name, shape } of weights.shapes) {
    const values = weights.view(name);
    if (shape.length === 1) {
      values.fill(name.endsWith(".bias") ? 0 : 1);
      continue;
    }
    const random = createRandom(seed, "weights", name);
    const size = /\.(o_proj|down_proj)\.weight$/.test(name) ? deviation / depth : deviation;
    for (let i = 0; i < values.length; i++) values[i] = random.normal() * size;
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
