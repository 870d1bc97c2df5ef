// The output head and the cross-entropy in one: logits exist only a block at a time.
import type { Ptr } from "../kernels/backend.ts";
import type { Parameter } from "./parameters.ts";
import type { Tape, Tensor } from "./tape.ts";

/** What the rows of x [M, C] should predict. */
export interface Targets {
  /** The token that each row should predict (i32 [M]). */
  targets: Ptr;
  /** How much each counts (f32 [M]). */
  weights: Ptr;
}

/** The tokens that each row chooses among, its target one of them; row i has ids[offsets[i]..offsets[i+1]). */
export interface Choices {
  /** i32 [M + 1]. */
  offsets: Ptr;
  /** i32 [total]. */
  ids: Ptr;
  total: number;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Label smoothing ε: the target is (1−ε)·onehot + ε/V. Default 0. */
  smoothing?: number | undefined;
  /** Largest block of logits: rows × vocabulary entries. Default {@link defaultBlock}. */
  block?: { rows: number; width: number } | undefined;
}

/** 1,024 × 4,096 logits are 16 MB; a vocabulary of up to 4,096 needs no recomputing. */
const defaultBlock = { rows: 1024, width: 4096 };

/**
 * Σ weight · cross-entropy (nats) of softmax(x · headᵀ), x [M, C], head [V, C]. `read()` waits for it and sums in double
 * precision.
 *
 * Gradients by the logits are formed at once in the forward pass, so no logits are kept. Where V exceeds a block, each
 * block of logits is computed twice: first for the softmax's denominator, then for the gradient.
 */
export function crossEntropy(
  tape: Tape,
  x: Tensor,
  head: Parameter,
  targets: Targets,
  options: CrossEntropyOptions = {},
): { read(): number } {
  return sumOfRows(tape, x, (twin, loss) => forEachBlock(tape, twin, head, targets, loss, options));
}

/** A loss that `form` adds to zeros at `loss` [M] and whose gradient by x it writes at once, to twin.grad (0: not wanted). */
function sumOfRows(tape: Tape, x: Tensor, form: (twin: Tensor, loss: Ptr) => void): { read(): number } {
  const { backend } = tape;
  const { rows: M, cols } = x;
  const loss = tape.take(M);
  backend.fill(loss, 0, M);
  // Stands for x with the gradient that the forward pass forms; x itself may have other uses.
  const twin: Tensor = { ...x, grad: tape.recording ? tape.take(M * cols) : 0 };
  form(twin, loss);
  tape.recordInPlace(twin, () => tape.moveGrad(twin, x));
  return { read: () => backend.f32(loss, M).reduce((sum, value) => sum + value, 0) };
}

function forEachBlock(
  tape: Tape,
  x: Tensor,
  head: Parameter,
  { targets, weights }: Targets,
  loss: Ptr,
  options: CrossEntropyOptions,
): void {
  const { backend } = tape;
  const { rows: V, cols: C } = head;
  const block = options.block ?? defaultBlock;
  const width = Math.min(block.width, V);
  const height = Math.min(block.rows, x.rows);
  const logits = tape.take(width * height);
  const stats = tape.take(2 * height);
  for (let i = 0; i < x.rows; i += height) {
    const N = Math.min(height, x.rows - i);
    const from = x.ptr + 4 * i * C;
    const to = x.grad + 4 * i * C;
    const compute = (j: number, w: number) => {
      backend.gemm("nt", logits, from, head.ptr + 4 * j * C, N, w, C, C, C, w, false);
    };
    for (let j = 0; j < V; j += width) {
      const w = Math.min(width, V - j);
      compute(j, w);
      backend.logSumExp(stats, logits, N, w, j === 0);
    }
    for (let j = 0; j < V; j += width) {
      const w = Math.min(width, V - j);
      if (width < V) compute(j, w);
      const smoothing = options.smoothing ?? 0;
      backend.crossEntropy(loss + 4 * i, logits, stats, targets + 4 * i, weights + 4 * i, N, w, j, V, smoothing);
      if (!tape.recording) continue;
      if (head.grad) backend.gemm("tn", head.grad + 4 * j * C, logits, from, w, C, N, w, C, C, true);
      backend.gemm("nn", to, logits, head.ptr + 4 * j * C, N, C, w, w, C, C, j > 0);
    }
  }
  tape.give(logits, width * height);
  tape.give(stats, 2 * height);
}

/**
 * As {@link crossEntropy} with the softmax of each row over its `choices` alone: what a grammar rules out costs nothing
 * to compute and nothing to learn.
 */
export function choiceCrossEntropy(
  tape: Tape,
  x: Tensor,
  head: Parameter,
  { targets, weights }: Targets,
  { offsets, ids, total }: Choices,
  smoothing = 0,
): { read(): number } {
  const { backend } = tape;
  const { rows: M, cols: C } = x;
  return sumOfRows(tape, x, ({ grad, ptr }, loss) => {
    const gradients = tape.take(total);
    backend.choiceCrossEntropy(loss, gradients, grad, ptr, head.ptr, offsets, ids, targets, weights, M, C, smoothing);
    if (tape.recording && head.grad) backend.choiceHeadBackward(head.grad, gradients, ptr, offsets, ids, M, C);
    tape.give(gradients, total);
  });
}
