// Symmetric int8 with one f32 scale per row (output channel): row-major codes, value = code · scale.
import { HandheldError } from "../errors.ts";

/** A matrix [rows, columns]: codes row-major, one scale per row. */
export interface Int8Matrix {
  codes: Int8Array;
  scales: Float32Array;
}

/**
 * Quantises row-major weights [rows, columns] to −127 … 127 with scale max|row| / 127.
 *
 * @throws HandheldError `invalid-data` when the length is not rows · columns or a weight is not finite.
 */
export function packInt8(weights: Float32Array, rows: number, columns: number): Int8Matrix {
  if (weights.length !== rows * columns) {
    throw new HandheldError("invalid-data", `int8: ${rows} × ${columns} weights expected, got ${weights.length}`);
  }
  const codes = new Int8Array(weights.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let most = 0;
    for (let i = start; i < start + columns; i++) most = Math.max(most, Math.abs(weights[i]!));
    if (!Number.isFinite(most)) {
      throw new HandheldError("invalid-data", `int8: row ${row} has a weight that is not finite`);
    }
    scales[row] = most / 127;
    const inverse = scales[row]! > 0 ? 1 / scales[row]! : 0;
    for (let i = start; i < start + columns; i++) {
      codes[i] = Math.max(-127, Math.min(127, Math.round(weights[i]! * inverse)));
    }
  }
  return { codes, scales };
}

/** Back to row-major weights [rows, columns]. */
export function unpackInt8({ codes, scales }: Int8Matrix): Float32Array {
  const columns = scales.length === 0 ? 0 : codes.length / scales.length;
  return Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / columns)]!);
}
