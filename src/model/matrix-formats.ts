// What a decoder does with the matrices of each weight format: their bytes in memory, rows of a table, products.
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int4Bytes } from "../quant/int4.ts";
import { int8Bytes } from "../quant/int8.ts";

/** How a decoder stores its matrices. Norms, biases and learned positions are always f32. */
export type WeightFormat = "f32" | "int8" | "int4";

/** One format's operations. Shapes as in Backend. */
export interface MatrixFormat {
  /** Bytes of a [rows, columns] matrix in memory. */
  bytes(rows: number, columns: number): number;
  /** A matrix may follow another as part of one where the first one's rows are a multiple of this. */
  joinRows: number;
  /** Whether products read activations as Backend.quantizeRows leaves them, int8 with a scale per token. */
  quantizedInput: boolean;
  /** Puts float rows w [rows, columns] into the layout; `faults` i32 += what is not finite, where that can be known. */
  pack(backend: Backend, out: Ptr, w: Ptr, rows: number, columns: number, faults: Ptr): void;
  gather(backend: Backend, out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void;
  multiply(
    backend: Backend,
    out: Ptr,
    x: Ptr,
    w: Ptr,
    N: number,
    M: number,
    K: number,
    ldc: number,
    accumulate: boolean,
  ): void;
}

/** The formats by name. */
export const matrixFormats: Readonly<Record<WeightFormat, MatrixFormat>> = {
  f32: {
    bytes: (rows, columns) => 4 * rows * columns,
    joinRows: 1,
    quantizedInput: false,
    pack: (backend, out, w, rows, columns) => backend.copy(out, w, rows * columns),
    gather: (backend, ...shape) => backend.gatherRows(...shape),
    multiply: (backend, out, x, w, N, M, K, ldc, accumulate) =>
      backend.gemm("nt", out, x, w, N, M, K, K, K, ldc, accumulate),
  },
  int8: {
    bytes: int8Bytes,
    joinRows: 8,
    quantizedInput: true,
    pack: (backend, ...matrix) => backend.packInt8(...matrix),
    gather: (backend, ...shape) => backend.gatherInt8(...shape),
    multiply: (backend, ...shape) => backend.matmulInt8(...shape),
  },
  int4: {
    bytes: int4Bytes,
    joinRows: 8,
    quantizedInput: true,
    pack: (backend, ...matrix) => backend.packInt4(...matrix),
    gather: (backend, ...shape) => backend.gatherInt4(...shape),
    multiply: (backend, ...shape) => backend.matmulInt4(...shape),
  },
};
