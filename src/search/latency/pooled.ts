// Decoders whose matrices lie in memory that they share, so that many architectures can be timed without filling the
// weights of each: random codes are random codes, wherever a matrix begins.
import type { Backend, Ptr } from "../../kernels/backend.ts";
import { Decoder } from "../../model/decoder.ts";
import { createWeights, randomFill } from "../../model/weights.ts";
import type { Spec } from "../../spec/spec.ts";

/**
 * A decoder with random weights, its matrices where `place` says. Close it as any other.
 * @throws HandheldError `out-of-memory`
 */
export function pooledDecoder(backend: Backend, spec: Spec, place: (bytes: number) => Ptr): Decoder {
  const weights = createWeights(backend, spec, "int4", place);
  try {
    const fill = randomFill(1);
    for (const { name, ptr, bytes, shape, format } of weights.places) {
      if (format === "f32") fill(name, backend.u8(ptr, bytes), shape, format);
    }
    return new Decoder(backend, spec, weights);
  } catch (error) {
    weights.free();
    throw error;
  }
}
