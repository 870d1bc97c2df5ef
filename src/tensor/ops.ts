// The differentiable operations between the linear layers. Letters: N tokens, C width, H query heads, K key/value heads,
// D head size, F FFN width.
import type { Ptr } from "../kernels/backend.ts";
import type { Activation } from "../spec/spec.ts";
import type { Parameter } from "./parameters.ts";
import type { Tape, Tensor } from "./tape.ts";

/** Rows of table [V, C] at ids (i32 [N]): [N, C]. */
export function embedding(tape: Tape, table: Parameter, ids: Ptr, N: number): Tensor {
  const { backend } = tape;
  const out = tape.tensor(N, table.cols);
  backend.gatherRows(out.ptr, table.ptr, ids, N, table.cols);
  tape.record(out, (dOut) => {
    if (table.grad) backend.scatterAddRows(table.grad, ids, dOut, N, table.cols);
  });
  return out;
}

/** Rows of x [N, C] at `rows` (i32 [M], each at most once): [M, C]; x itself when they are all of them. */
export function gather(tape: Tape, x: Tensor, rows: Ptr, M: number): Tensor {
  if (M === x.rows) return x;
  const { backend } = tape;
  const out = tape.tensor(M, x.cols);
  backend.gatherRows(out.ptr, x.ptr, rows, M, x.cols);
  tape.record(out, (dOut) => {
    tape.addGradToZero(x, (dX) => backend.scatterAddRows(dX, rows, dOut, M, x.cols));
  });
  return out;
}

/** x / sqrt(mean(x²) + eps) · weight, per row of x [N, C]. */
export function rmsNorm(tape: Tape, x: Tensor, weight: Parameter, eps: number): Tensor {
  const { backend } = tape;
  const { rows: N, cols: C } = x;
  const out = tape.tensor(N, C);
  const rstd = tape.recording ? tape.take(N) : 0;
  backend.rmsNorm(out.ptr, x.ptr, weight.ptr, N, C, eps, rstd);
  const backward = (dOut: Ptr) => {
    withGrads(tape, [weight], ([dWeight]) => {
      tape.addGradToZero(x, (dX) => backend.rmsNormBackward(dX, dWeight!, dOut, x.ptr, weight.ptr, rstd, N, C));
    });
  };
  tape.record(out, backward, [rstd, N]);
  return out;
}

/** (x − mean) / sqrt(variance + eps) · weight + bias, per row of x [N, C]. */
export function layerNorm(tape: Tape, x: Tensor, weight: Parameter, bias: Parameter, eps: number): Tensor {
  const { backend } = tape;
  const { rows: N, cols: C } = x;
  const out = tape.tensor(N, C);
  const stats = tape.recording ? tape.take(2 * N) : 0;
  backend.layerNorm(out.ptr, x.ptr, weight.ptr, bias.ptr, N, C, eps, stats);
  const backward = (dOut: Ptr) => {
    withGrads(tape, [weight, bias], ([dWeight, dBias]) => {
      tape.addGradToZero(x, (dX) => {
        backend.layerNormBackward(dX, dWeight!, dBias!, dOut, x.ptr, weight.ptr, stats, N, C);
      });
    });
  };
  tape.record(out, backward, [stats, 2 * N]);
  return out;
}

// The norms' kernels always add to the weights' gradients: those of untrained weights go to memory nobody reads.
function withGrads(tape: Tape, parameters: readonly Parameter[], run: (grads: Ptr[]) => void): void {
  const grads = parameters.map(({ grad, cols }) => grad || tape.take(cols));
  run(grads);
  parameters.forEach(({ grad, cols }, i) => {
    if (!grad) tape.give(grads[i]!, cols);
  });
}

/** Rotates the first `heads` heads of size D of each row of x in place. Table and positions: {@link Backend.rope}. */
export function rope(tape: Tape, x: Tensor, table: Ptr, positions: Ptr, heads: number, D: number): void {
  const { backend } = tape;
  backend.rope(x.ptr, table, positions, x.rows, heads, D, x.cols, false);
  tape.recordInPlace(x, (dX) => backend.rope(dX, table, positions, x.rows, heads, D, x.cols, true));
}

/** Where the sequences of a batch lie, end to end: sequence s is rows cu[s]..cu[s+1) (i32 [segments + 1]). */
export interface Segments {
  cu: Ptr;
  segments: number;
}

/** Sizes of {@link attention}. */
export interface HeadSizes {
  heads: number;
  kvHeads: number;
  headSize: number;
}

/** Causal attention within sequences. qkv [N, (H+2K)·D] holds queries, keys and values side by side; result [N, H·D]. */
export function attention(tape: Tape, qkv: Tensor, { cu, segments }: Segments, sizes: HeadSizes): Tensor {
  const { backend } = tape;
  const { heads: H, kvHeads: K, headSize: D } = sizes;
  const { rows: N, cols: stride, ptr: q } = qkv;
  const keys = 4 * H * D;
  const values = keys + 4 * K * D;
  const out = tape.tensor(N, H * D);
  const lse = tape.take(N * H);
  backend.attention(out.ptr, lse, q, q + keys, q + values, cu, segments, N, H, K, D, stride);
  const backward = (dOut: Ptr) => {
    tape.addGradByOverwriting(qkv, (dq) => {
      const [k, v, dk, dv] = [q + keys, q + values, dq + keys, dq + values];
      backend.attentionBackward(dq, dk, dv, dOut, out.ptr, lse, q, k, v, cu, segments, N, H, K, D, stride);
    });
  };
  tape.record(out, backward, [lse, N * H]);
  return out;
}

/** act(gate) · up for x [N, 2F] = gate and up side by side (gated), else act(x) for x [N, F]; result [N, F]. */
export function activate(tape: Tape, x: Tensor, activation: Activation, gated: boolean): Tensor {
  const { backend } = tape;
  const { rows: N, cols: stride } = x;
  const F = gated ? stride / 2 : stride;
  const up = gated ? 4 * F : 0;
  const out = tape.tensor(N, F);
  backend.activate(out.ptr, x.ptr, gated ? x.ptr + up : 0, N, F, stride, activation);
  tape.record(out, (dOut) => {
    tape.addGradByOverwriting(x, (dX) => {
      const [dUp, upAt] = gated ? [dX + up, x.ptr + up] : [0, 0];
      backend.activateBackward(dX, dUp, dOut, x.ptr, upAt, N, F, stride, activation);
    });
  });
  return out;
}

/** a + b, same shapes. */
export function add(tape: Tape, a: Tensor, b: Tensor): Tensor {
  const { backend } = tape;
  const count = a.rows * a.cols;
  const out = tape.tensor(a.rows, a.cols);
  backend.add(out.ptr, a.ptr, b.ptr, count);
  tape.record(out, (dOut) => {
    tape.addGrad(b, (dB, accumulate) => {
      if (accumulate) backend.add(dB, dB, dOut, count);
      else backend.copy(dB, dOut, count);
    });
    tape.moveGrad(out, a);
  });
  return out;
}

/** alpha · x. */
export function scale(tape: Tape, x: Tensor, alpha: number): Tensor {
  const { backend } = tape;
  const count = x.rows * x.cols;
  const out = tape.tensor(x.rows, x.cols);
  backend.fill(out.ptr, 0, count);
  backend.axpy(out.ptr, x.ptr, alpha, count);
  tape.record(out, (dOut) => tape.addGradToZero(x, (dX) => backend.axpy(dX, dOut, alpha, count)));
  return out;
}

/** x with a share p of its elements dropped and the rest scaled by 1/(1−p); x itself for p = 0. */
export function dropout(tape: Tape, x: Tensor, p: number): Tensor {
  if (p === 0) return x;
  const { backend } = tape;
  const count = x.rows * x.cols;
  const seed = tape.nextSeed();
  const out = tape.tensor(x.rows, x.cols);
  backend.dropout(out.ptr, x.ptr, count, p, seed);
  tape.record(out, (dOut) => {
    tape.addGradByOverwriting(x, (dX) => backend.dropout(dX, dOut, count, p, seed));
  });
  return out;
}
