// GPTQ (Frantar et al. 2022) for this library's int4: weights are rounded column by column, and each column's error is
// made up for by the columns after it, as far as the layer's inputs allow. Pure arithmetic; where the inputs come from is
// in model/calibrate.ts.
import { fromBf16, toBf16 } from "./bf16.ts";
import { emptyInt4, putGroup } from "./int4.ts";

/** Columns that are rounded before their errors go to all others at once (the paper's lazy batches, section 3.3). */
export const gptqBatch = 128;

/**
 * out [rows, width] += errors [rows, count] · factor [count, width]: out and factor have rows of `columns` floats and begin
 * at column `end`, errors have rows of {@link gptqBatch}; factor begins at row `begin`.
 */
export type SpreadErrors = (begin: number, end: number) => void;

/** Options of {@link gptqInt4}. */
export interface GptqOptions {
  /** Room for f32 [rows, gptqBatch]. Default: reserved here. */
  errors?: Float32Array | undefined;
  /** Does what {@link SpreadErrors} says with `weights`, `errors` and `factor`, faster than the default's plain loops. */
  spread?: SpreadErrors | undefined;
}

/**
 * Packs weights [rows, columns] as int4 so that the layer's outputs change least: Σ (x · (w − q))² over the inputs x that
 * `factor` was made of (see `inverseFactor`). Each group of 32 gets its scale when its first column is reached, for the
 * least error of the group weighted by what the inputs make of it. `weights` become the numbers that the codes stand for.
 *
 * @returns the packed matrix, layout of int4.ts.
 * @example
 * ```ts
 * const packed = gptqInt4(weights, rows, columns, inverseFactor(hessian, columns)); // hessian = Σ xᵀx
 * ```
 */
export function gptqInt4(
  weights: Float32Array,
  rows: number,
  columns: number,
  factor: Float32Array,
  options: GptqOptions = {},
): Uint8Array<ArrayBuffer> {
  const errors = options.errors ?? new Float32Array(rows * gptqBatch);
  const spread = options.spread ?? ((begin, end) => spreadErrors(weights, errors, factor, rows, columns, begin, end));
  const packed = emptyInt4(rows, columns);
  const importance = Float64Array.from({ length: columns }, (_, i) => factor[i * columns + i]! ** -2);
  for (let begin = 0; begin < columns; begin += gptqBatch) {
    const end = Math.min(columns, begin + gptqBatch);
    for (let row = 0; row < rows; row++) {
      for (let first = begin; first < end; first += 32) {
        const count = Math.min(32, columns - first);
        const half = weightedScale(weights, row * columns + first, count, importance, first);
        roundGroup({ weights, errors, factor, row, columns, begin, end }, first, count, fromBf16(half));
        putGroup(packed, row, first / 32, columns, half, codes);
      }
    }
    if (end < columns) spread(begin, end);
  }
  return packed;
}

const codes = new Uint8Array(32);

interface Batch {
  weights: Float32Array;
  errors: Float32Array;
  factor: Float32Array;
  row: number;
  columns: number;
  begin: number;
  end: number;
}

/** Rounds a group's columns in turn into `codes`, each error going to the columns after it in the batch. */
function roundGroup(batch: Batch, first: number, count: number, scale: number): void {
  const { weights, errors, factor, row, columns, begin, end } = batch;
  const inverse = scale === 0 ? 0 : 1 / scale;
  const at = row * columns;
  codes.fill(8, count);
  for (let i = first; i < first + count; i++) {
    const weight = weights[at + i]!;
    const code = Math.max(-8, Math.min(7, Math.round(weight * inverse)));
    codes[i - first] = code + 8;
    weights[at + i] = code * scale + 0;
    const pivot = i * columns;
    const error = (weights[at + i]! - weight) / factor[pivot + i]!;
    errors[row * gptqBatch + i - begin] = error;
    for (let j = i + 1; j < end; j++) weights[at + j] = weights[at + j]! + error * factor[pivot + j]!;
  }
}

/** The default of {@link SpreadErrors}. */
function spreadErrors(
  weights: Float32Array,
  errors: Float32Array,
  factor: Float32Array,
  rows: number,
  columns: number,
  begin: number,
  end: number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let i = begin; i < end; i++) {
      const error = errors[row * gptqBatch + i - begin]!;
      for (let j = end; j < columns; j++) {
        weights[row * columns + j] = weights[row * columns + j]! + error * factor[i * columns + j]!;
      }
    }
  }
}

/** Ratios of the largest weight to the scale that are tried; its sign is such that the largest may have code −8. */
const ratios = Float64Array.from({ length: 32 }, (_, i) => -(5 + (4.6 * i) / 31));

/**
 * The bits of the bf16 scale under which Σ importance · (w − code · scale)² is least, of those that the codes under a few
 * scales make best; 0 where all weights are (nearly) zero.
 */
function weightedScale(
  weights: Float32Array,
  at: number,
  count: number,
  importance: Float64Array,
  first: number,
): number {
  let most = 0;
  for (let k = 0; k < count; k++) if (Math.abs(weights[at + k]!) > Math.abs(most)) most = weights[at + k]!;
  if (Math.abs(most) < 1e-30) return 0;
  // With codes q the best scale is A/B and removes A²/B of the error: A = Σ importance · wq, B = Σ importance · q².
  let [bestA, bestB] = [0, 1];
  for (const ratio of ratios) {
    const inverse = ratio / most;
    let [A, B] = [0, 0];
    for (let k = 0; k < count; k++) {
      const weight = weights[at + k]!;
      const code = Math.max(-8, Math.min(7, Math.round(weight * inverse)));
      const share = importance[first + k]! * code;
      A += share * weight;
      B += share * code;
    }
    if (A * A * bestB > bestA * bestA * B) [bestA, bestB] = [A, B];
  }
  return toBf16(bestA / bestB);
}
