// The bytes that an engine must read from memory to decode one token: every weight once and the whole cache. What it reads
// beyond that (copies of the cache, spilled buffers) is its own loss.
import { blockMatrices, countParameters, decodeBytes } from "../../../src/spec/arithmetic.ts";
import type { Spec } from "../../../src/spec/spec.ts";

/** How an engine holds its numbers; Handheld's own layout is known to the package. */
export type StoredNumbers = "handheld" | { bitsPerWeight: number; cacheBytes: number };

/** Bytes per decoded token behind `context` tokens. Norms are f32 everywhere; of the embedding one row is read. */
export function readBytes(spec: Spec, context: number, stored: StoredNumbers): number {
  if (stored === "handheld") return decodeBytes(spec, context);
  const block = blockMatrices(spec).reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const weights = spec.layers * block + (spec.vocabulary + 1) * spec.width;
  const cached = context * spec.layers * 2 * spec.kvHeads * spec.headSize;
  return (weights * stored.bitsPerWeight) / 8 + countParameters(spec).norms * 4 + cached * stored.cacheBytes;
}
