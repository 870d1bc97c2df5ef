// The weights of a model in one contiguous f32 buffer with a gradient buffer beside it, so that zeroing, norms, AdamW and
// averages are one or two operations over everything.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";

/** One parameter to create. Matrices are [rows, columns], vectors [columns]. */
export interface ParameterShape {
  name: string;
  shape: readonly number[];
}

/** A matrix (or a vector, with one row) of weights. */
export interface Parameter {
  readonly ptr: Ptr;
  /** Where its gradient accumulates, same layout; 0: it is not trained. */
  readonly grad: Ptr;
  readonly rows: number;
  readonly cols: number;
}

/** Parameters by name. Matrices come first, in the order given: they are what weight decay applies to. */
export class Parameters {
  readonly backend: Backend;
  readonly shapes: readonly ParameterShape[];
  /** All values, and all gradients (0: not trained). */
  readonly values: Ptr;
  readonly grads: Ptr;
  /** Numbers in all, and how many of them, from the front, are in matrices. */
  readonly size: number;
  readonly matrixSize: number;
  private readonly byName = new Map<string, Parameter>();

  /** Reserves zeroed memory. @throws HandheldError `out-of-memory` */
  constructor(backend: Backend, shapes: readonly ParameterShape[], trained = true) {
    const matrices = shapes.filter(({ shape }) => shape.length > 1);
    const vectors = shapes.filter(({ shape }) => shape.length === 1);
    this.backend = backend;
    this.shapes = [...matrices, ...vectors];
    this.matrixSize = total(matrices);
    this.size = this.matrixSize + total(vectors);
    this.values = backend.alloc(4 * this.size);
    this.grads = trained ? backend.alloc(4 * this.size) : 0;
    let offset = 0;
    for (const { name, shape } of this.shapes) {
      const cols = shape.at(-1)!;
      const rows = shape.length > 1 ? shape[0]! : 1;
      const grad = trained ? this.grads + offset : 0;
      this.byName.set(name, { ptr: this.values + offset, grad, rows, cols });
      offset += 4 * rows * cols;
    }
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** @throws HandheldError `kernel` when there is no such parameter. */
  get(name: string): Parameter {
    const parameter = this.byName.get(name);
    if (!parameter) throw new HandheldError("kernel", `no parameter is named "${name}"`);
    return parameter;
  }

  /** Matrices with the same columns that were created one after the other, as one matrix. */
  joined(...names: string[]): Parameter {
    const parts = names.map((name) => this.get(name));
    const first = parts[0]!;
    let rows = 0;
    for (const part of parts) {
      if (part.cols !== first.cols || part.ptr !== first.ptr + 4 * rows * first.cols) {
        throw new HandheldError("kernel", `the parameters ${names.join(", ")} are not adjacent`);
      }
      rows += part.rows;
    }
    return { ...first, rows };
  }

  /** A view of one parameter's values; valid until the backend's next alloc. */
  view(name: string): Float32Array {
    const { ptr, rows, cols } = this.get(name);
    return this.backend.f32(ptr, rows * cols);
  }

  zeroGrads(): void {
    if (this.grads) this.backend.fill(this.grads, 0, this.size);
  }

  /** Returns the memory to the backend. */
  free(): void {
    this.backend.free(this.values);
    if (this.grads) this.backend.free(this.grads);
  }
}

function total(shapes: readonly ParameterShape[]): number {
  return shapes.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
