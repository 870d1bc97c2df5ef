// Factors of the inverse of a positive definite matrix, for rounding weights one after the other (gptq.ts).
import { HandheldError } from "../errors.ts";

/** Rows that share one pass over the rows before them, so that those come from memory once for all. */
const blockRows = 16;

/**
 * The upper triangular U [n, n], row-major, with UᵀU = (H + λI)⁻¹: what remains of each unknown's uncertainty once those
 * before it are fixed. λ is `damping` · the mean of H's diagonal. Only H's lower triangle is read.
 *
 * H⁻¹'s factor needs no inverse of H: with rows and columns in reverse order H = LLᵀ, and U is L⁻¹, reversed again. In
 * float64, 2/3 · n³ operations.
 *
 * @throws HandheldError `invalid-data` when H is not positive, that is, has an entry that is not finite.
 */
export function inverseFactor(hessian: Float32Array, n: number, damping = 0.01): Float32Array<ArrayBuffer> {
  const matrix = reversed(hessian, n, damping);
  factorise(matrix, n);
  invert(matrix, n);
  const factor = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const from = (n - 1 - i) * n + n - 1;
    for (let j = i; j < n; j++) factor[i * n + j] = matrix[from - j]!;
  }
  return factor;
}

/** H + λI with both orders reversed: only the lower triangle, which is H's upper one, or by symmetry its lower. */
function reversed(hessian: Float32Array, n: number, damping: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += hessian[i * n + i]!;
  const added = trace > 0 ? (damping * trace) / n : 1;
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const column = n - 1 - i;
    for (let j = 0; j <= i; j++) matrix[i * n + j] = hessian[(n - 1 - j) * n + column]!;
    matrix[i * n + i] = matrix[i * n + i]! + added;
  }
  return matrix;
}

/** A lower triangle A becomes L, A = LLᵀ. */
function factorise(matrix: Float64Array, n: number): void {
  for (let first = 0; first < n; first += blockRows) {
    const last = Math.min(n, first + blockRows);
    for (let j = 0; j < last; j++) {
      for (let i = Math.max(j, first); i < last; i++) {
        const rest = matrix[i * n + j]! - dot(matrix, i * n, j * n, j);
        if (i > j) {
          matrix[i * n + j] = rest / matrix[j * n + j]!;
          continue;
        }
        if (!(rest > 0)) {
          throw new HandheldError(
            "invalid-data",
            `gptq: pivot ${n - 1 - j} of ${n} is ${rest}; are all inputs finite?`,
          );
        }
        matrix[j * n + j] = Math.sqrt(rest);
      }
    }
  }
}

/** L becomes L⁻¹, row by row: M_i = (e_i − Σ_{k<i} L_ik M_k) / L_ii. */
function invert(matrix: Float64Array, n: number): void {
  const rows = new Float64Array(blockRows * n);
  for (let first = 0; first < n; first += blockRows) {
    const last = Math.min(n, first + blockRows);
    rows.set(matrix.subarray(first * n, last * n));
    matrix.fill(0, first * n, last * n);
    for (let k = 0; k < last; k++) {
      if (k >= first) {
        const scale = 1 / rows[(k - first) * n + k]!;
        for (let j = 0; j < k; j++) matrix[k * n + j] = matrix[k * n + j]! * scale;
        matrix[k * n + k] = scale;
      }
      for (let i = Math.max(k + 1, first); i < last; i++) {
        subtract(matrix, i * n, k * n, k + 1, rows[(i - first) * n + k]!);
      }
    }
  }
}

/** Σ of n products; four sums at a time, for one waits for itself. */
function dot(x: Float64Array, a: number, b: number, n: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 4 <= n; k += 4) {
    s += x[a + k]! * x[b + k]!;
    t += x[a + k + 1]! * x[b + k + 1]!;
    u += x[a + k + 2]! * x[b + k + 2]!;
    v += x[a + k + 3]! * x[b + k + 3]!;
  }
  for (; k < n; k++) s += x[a + k]! * x[b + k]!;
  return s + t + u + v;
}

/** x[to + k] −= factor · x[from + k] for k < n */
function subtract(x: Float64Array, to: number, from: number, n: number, factor: number): void {
  for (let k = 0; k < n; k++) x[to + k] = x[to + k]! - factor * x[from + k]!;
}
