// Tiny random models for tests: weights large enough that every part of the network changes the logits.
import type { Backend } from "../kernels/backend.ts";
import { unpackInt4 } from "../quant/int4.ts";
import { createRandom } from "../random.ts";
import { createSpec, type Spec, type SpecInput } from "../spec/spec.ts";
import { Decoder } from "./decoder.ts";
import type { NamedTensor } from "./initialize.ts";
import { tensorShapes } from "./layout.ts";
import { createWeights, fillFrom, fillWeights } from "./weights.ts";

const shape: SpecInput = {
  layers: 2,
  width: 32,
  ffnWidth: 48,
  heads: 4,
  kvHeads: 2,
  vocabulary: 21,
  context: 32,
  activation: "silu",
};

/** A small spec; `changes` replace its fields. */
export function tinySpec(changes: Partial<SpecInput> = {}): Spec {
  return createSpec({ ...shape, ...changes });
}

/** Weights for which queries, keys, gates and residual branches all have a size near 1; norms and biases near 1 and 0. */
export function randomTensors(spec: Spec, seed = 1): NamedTensor[] {
  return tensorShapes(spec).map(({ name, shape: sizes }) => {
    const random = createRandom(seed, name);
    const [deviation, mean] =
      sizes.length === 2 ? [1.2 / Math.sqrt(sizes[1]!), 0] : [0.2, name.endsWith(".bias") ? 0 : 1];
    const data = new Float32Array(sizes.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = mean + deviation * random.normal();
    return { name, shape: sizes, data };
  });
}

/** Ids of a sequence of T tokens. */
export function randomIds(spec: Spec, T: number, seed = 1): Int32Array {
  const random = createRandom(seed, "ids");
  return Int32Array.from({ length: T }, () => random.below(spec.vocabulary));
}

/** An f32 decoder of given weights whose prefill goes in chunks of `chunk` tokens. */
export function floatDecoder(backend: Backend, spec: Spec, tensors: Iterable<NamedTensor>, chunk?: number): Decoder {
  const weights = createWeights(backend, spec, "f32");
  fillWeights(backend, weights, fillFrom(tensors));
  return new Decoder(backend, spec, weights, chunk);
}

/** The weights that packed ones stand for. */
export function dequantised(spec: Spec, packed: ReadonlyMap<string, Uint8Array>, floats: NamedTensor[]): NamedTensor[] {
  return floats.map((tensor) => {
    const bytes = packed.get(tensor.name);
    const [rows, columns] = tensorShapes(spec).find(({ name }) => name === tensor.name)!.shape as [number, number];
    return bytes === undefined ? tensor : { ...tensor, data: unpackInt4(bytes, rows, columns) };
  });
}

/** Largest difference between two lists of numbers. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** Root mean square difference ÷ root mean square of `wanted`. */
export function relativeError(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    difference += (got[i]! - wanted[i]!) ** 2;
    size += wanted[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
