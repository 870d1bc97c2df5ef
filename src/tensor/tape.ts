// The tape: tensors of one step and the operations to run backwards. The differentiable operations themselves are in
// ./ops.ts, ./linear.ts and ./cross-entropy.ts; each records one closure here.
import type { Backend, Ptr } from "../kernels/backend.ts";
import { hash32 } from "../random.ts";
import { Arena } from "./arena.ts";

/** Activations [rows, cols] of one step, f32, row-major. */
export interface Tensor {
  readonly ptr: Ptr;
  readonly rows: number;
  readonly cols: number;
  /** Its gradient, same layout; 0 as long as nothing has flowed back. */
  grad: Ptr;
}

/** Options of {@link Tape.begin}. */
export interface StepOptions {
  /** Keep what the backward pass needs. Without it only the forward pass runs. */
  gradients: boolean;
  /** Seed of the step's dropout masks. Default 0. */
  seed?: number | undefined;
}

/**
 * Records the operations of a step and runs their gradients in reverse.
 *
 * The memory of a tensor and of its gradient is reused as soon as the operation that made it has run backwards, so the
 * backward pass needs little more than the forward pass left behind.
 *
 * @example
 * ```ts
 * tape.begin({ gradients: true });
 * const y = linear(tape, rmsNorm(tape, x, norm, 1e-6), weight);
 * const loss = crossEntropy(tape, y, head, targets);
 * tape.backward();          // the parameters' gradients have grown
 * const nats = loss.read();
 * ```
 */
export class Tape {
  readonly backend: Backend;
  private readonly arena: Arena;
  private entries: (() => void)[] = [];
  private options: StepOptions = { gradients: false };
  private seeds = 0;

  constructor(backend: Backend) {
    this.backend = backend;
    this.arena = new Arena(backend);
  }

  /** Bytes reserved for activations. */
  get bytes(): number {
    return this.arena.bytes;
  }

  /** Whether gradients will be asked for. */
  get recording(): boolean {
    return this.options.gradients;
  }

  /** Starts a step: every tensor of the one before is gone. */
  begin(options: StepOptions): void {
    this.backend.flush();
    this.arena.reset();
    this.entries = [];
    this.options = options;
    this.seeds = 0;
  }

  /** Runs the gradients of everything recorded, last first. Each tensor's memory is gone afterwards. */
  backward(): void {
    for (let i = this.entries.length - 1; i >= 0; i--) this.entries[i]!();
    this.entries = [];
  }

  /** Returns the memory to the backend. */
  free(): void {
    this.backend.flush();
    this.arena.free();
  }

  // --- for operations -----------------------------------------------------------------------------------------------

  /** A tensor with unknown contents. */
  tensor(rows: number, cols: number): Tensor {
    return { ptr: this.arena.take(rows * cols), rows, cols, grad: 0 };
  }

  /** Room for `count` numbers until {@link give} or the end of the step. */
  take(count: number): Ptr {
    return this.arena.take(count);
  }

  give(ptr: Ptr, count: number): void {
    this.arena.give(ptr, count);
  }

  /** Copies integers into the step's memory. Best before anything is queued: it waits for what is. */
  integers(values: Int32Array): Ptr {
    const ptr = this.arena.take(values.length);
    this.backend.i32(ptr, values.length).set(values);
    return ptr;
  }

  /** Copies numbers into the step's memory, as {@link integers}. */
  floats(values: Float32Array): Ptr {
    const ptr = this.arena.take(values.length);
    this.backend.f32(ptr, values.length).set(values);
    return ptr;
  }

  /** A seed for one operation's random mask. */
  nextSeed(): number {
    return hash32(this.options.seed ?? 0, this.seeds++);
  }

  /**
   * Records how `out`'s gradient flows on; skipped when nothing flowed into it. `saved` [ptr, count] and `out` itself
   * are freed afterwards.
   */
  record(out: Tensor, backward: (dOut: Ptr) => void, ...saved: [Ptr, number][]): void {
    if (!this.recording) return;
    this.entries.push(() => {
      if (out.grad !== 0) backward(out.grad);
      for (const [ptr, count] of saved) this.give(ptr, count);
      this.give(out.ptr, out.rows * out.cols);
      this.dropGrad(out);
    });
  }

  /** Records an operation that changed `x` in place and changes its gradient in place. */
  recordInPlace(x: Tensor, backward: (dX: Ptr) => void): void {
    if (this.recording) this.entries.push(() => x.grad !== 0 && backward(x.grad));
  }

  /** Lets `write(ptr, accumulate)` put a gradient into x, or add it to what has already flowed in. */
  addGrad(x: Tensor, write: (ptr: Ptr, accumulate: boolean) => void): void {
    const accumulate = x.grad !== 0;
    if (!accumulate) x.grad = this.take(x.rows * x.cols);
    write(x.grad, accumulate);
  }

  /** As {@link addGrad} for kernels that can only add. */
  addGradToZero(x: Tensor, add: (ptr: Ptr) => void): void {
    this.addGrad(x, (ptr, accumulate) => {
      if (!accumulate) this.backend.fill(ptr, 0, x.rows * x.cols);
      add(ptr);
    });
  }

  /** As {@link addGrad} for kernels that can only overwrite. */
  addGradByOverwriting(x: Tensor, write: (ptr: Ptr) => void): void {
    const count = x.rows * x.cols;
    this.addGrad(x, (ptr, accumulate) => {
      if (!accumulate) return write(ptr);
      const apart = this.take(count);
      write(apart);
      this.backend.add(ptr, ptr, apart, count);
      this.give(apart, count);
    });
  }

  /** Gives the gradient of `from`, which is not needed any more, to `to`: without copying where `to` has none yet. */
  moveGrad(from: Tensor, to: Tensor): void {
    if (to.grad === 0) {
      to.grad = from.grad;
      from.grad = 0;
    } else this.backend.add(to.grad, to.grad, from.grad, to.rows * to.cols);
  }

  private dropGrad(x: Tensor): void {
    if (x.grad !== 0) this.give(x.grad, x.rows * x.cols);
    x.grad = 0;
  }
}
