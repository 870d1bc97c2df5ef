// Linear layers: y = x · Wᵀ, optionally dropped out and added to a residual stream.
import type { Ptr } from "../kernels/backend.ts";
import type { Parameter } from "./parameters.ts";
import type { Tape, Tensor } from "./tape.ts";

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Added to the result [N, out]. */
  residual?: Tensor | undefined;
  /** Share of the product that is dropped before the residual is added. Default 0. */
  dropout?: number | undefined;
}

/** y [N, out] = x [N, in] · weightᵀ (weight [out, in]), dropped out, plus the residual. */
export function linear(tape: Tape, x: Tensor, weight: Parameter, options: LinearOptions = {}): Tensor {
  const { backend } = tape;
  const { residual } = options;
  const p = options.dropout ?? 0;
  const seed = p > 0 ? tape.nextSeed() : 0;
  const out = tape.tensor(x.rows, weight.rows);
  const count = out.rows * out.cols;
  const inPlace = residual !== undefined && p === 0;
  if (inPlace) backend.copy(out.ptr, residual.ptr, count);
  product(tape, out.ptr, out.cols, x, weight, inPlace);
  if (p > 0) backend.dropout(out.ptr, out.ptr, count, p, seed);
  if (residual !== undefined && !inPlace) backend.add(out.ptr, out.ptr, residual.ptr, count);
  tape.record(out, (dOut) => {
    const dropped = p > 0 ? tape.take(count) : 0;
    if (dropped) backend.dropout(dropped, dOut, count, p, seed);
    productBackward(tape, dropped || dOut, out.cols, x, weight);
    if (dropped) tape.give(dropped, count);
    if (residual !== undefined) tape.moveGrad(out, residual);
  });
  return out;
}

/** Adds x [N, in] · weightᵀ to the columns column..column+out of y, in place. */
export function addLinear(tape: Tape, y: Tensor, column: number, x: Tensor, weight: Parameter): void {
  product(tape, y.ptr + 4 * column, y.cols, x, weight, true);
  tape.recordInPlace(y, (dY) => productBackward(tape, dY + 4 * column, y.cols, x, weight));
}

/** out [N, out features] (rows `stride` floats apart) = or += x · weightᵀ. */
function product(tape: Tape, out: Ptr, stride: number, x: Tensor, weight: Parameter, accumulate: boolean): void {
  const { rows, cols } = weight;
  tape.backend.gemm("nt", out, x.ptr, weight.ptr, x.rows, rows, cols, cols, cols, stride, accumulate);
}

/** dWeight += dOutᵀ · x and dX += dOut · weight. */
function productBackward(tape: Tape, dOut: Ptr, stride: number, x: Tensor, weight: Parameter): void {
  const { backend } = tape;
  const { rows, cols, grad, ptr } = weight;
  if (grad) backend.gemm("tn", grad, dOut, x.ptr, rows, cols, x.rows, stride, cols, cols, true);
  tape.addGrad(x, (dX, accumulate) => {
    backend.gemm("nn", dX, dOut, ptr, x.rows, cols, rows, stride, cols, cols, accumulate);
  });
}
