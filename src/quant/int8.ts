// Symmetric int8 with one f32 scale per row (output channel): value = code · scale, codes −127 … 127. Files hold row-major
// codes; kernels read the layout below.
//
// In memory a matrix [N, K] is padded with zeros to multiples of 8 rows and 32 columns. Panel p holds rows 8p … 8p+7: their
// eight f32 scales, then K/32 blocks of 256 bytes: vectors of 16 bytes for j = 0 … 7 (four columns) and within it g = 0, 1
// (four rows); byte 4r + i holds row 8p + 4g + r, column 32b + 4j + i.
import { HandheldError } from "../errors.ts";

/** A matrix [rows, columns]: codes row-major, one scale per row. */
export interface Int8Matrix {
  codes: Int8Array<ArrayBuffer>;
  scales: Float32Array<ArrayBuffer>;
}

/** The layout in memory: rows of a panel, bytes of its scales, and where in it the code of a row and column is. */
export const int8Layout = {
  panelRows: 8,
  scaleBytes: 32,
  codeAt: (lane: number, column: number): number => 32 + 32 * (column >> 2) + 4 * lane + (column & 3),
} as const;

/** Bytes of a [rows, columns] matrix in memory. */
export function int8Bytes(rows: number, columns: number): number {
  return Math.ceil(rows / 8) * (int8Layout.scaleBytes + 256 * Math.ceil(columns / 32));
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
    scales[row] = packInt8Row(weights, row * columns, columns, codes, row * columns);
    if (Number.isNaN(scales[row])) {
      throw new HandheldError("invalid-data", `int8: row ${row} has a weight that is not finite`);
    }
  }
  return { codes, scales };
}

/**
 * Quantises `columns` weights at `from` into codes at `to` and returns their scale: code = w · 127/max|w| in f32, rounded to
 * nearest, ties to even. Codes and scale are 0 where all weights are below 1e-30; NaN, with codes 0, where one is not finite.
 */
export function packInt8Row(
  weights: Float32Array,
  from: number,
  columns: number,
  codes: Int8Array,
  to: number,
): number {
  let most = 0;
  for (let i = from; i < from + columns; i++) most = Math.max(most, Math.abs(weights[i]!)); // NaN stays
  if (!Number.isFinite(most)) return Number.NaN;
  if (most < smallest) return 0;
  const factor = Math.fround(127 / most);
  for (let k = 0; k < columns; k++) codes[to + k] = roundEven(Math.fround(weights[from + k]! * factor));
  return Math.fround(most / 127);
}

const smallest = Math.fround(1e-30);
const magic = 1.5 * 2 ** 52;

// Nearest integer, ties to even, of small numbers: a double this large has no room for a fraction.
function roundEven(value: number): number {
  return value + magic - magic;
}

/** Back to row-major weights [rows, columns]. */
export function unpackInt8({ codes, scales }: Int8Matrix): Float32Array {
  const columns = scales.length === 0 ? 0 : codes.length / scales.length;
  return Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / columns)]!);
}
