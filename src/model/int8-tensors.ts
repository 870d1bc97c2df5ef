// Int8 matrices in safetensors files: I8 codes [rows, columns], row-major, under the matrix's name, and a scale per row
// under `<name>_scale`, [rows] or [rows, 1]: the form in which other tools write weights with a scale per output channel.
import { invalidFile } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int8Bytes, int8Layout, packInt8 } from "../quant/int8.ts";
import type { IncomingTensor } from "./safetensors-file.ts";
import type { TensorToWrite } from "./safetensors-write.ts";

/** The name of a matrix's scales. */
export function scaleName(matrix: string): string {
  return `${matrix}_scale`;
}

/** A float matrix as the two tensors of its int8 form. @throws HandheldError `invalid-data` for a weight that is not finite */
export function int8Tensors(name: string, shape: readonly number[], weights: Float32Array): TensorToWrite[] {
  const [rows, columns] = shape as [number, number];
  const { codes, scales } = packInt8(weights, rows, columns);
  return [
    { name, dtype: "I8", shape, data: codes },
    { name: scaleName(name), dtype: "F32", shape: [rows], data: scales },
  ];
}

/** A matrix in a backend's memory that its two tensors, in either order, are read into. */
export class Int8Matrix {
  private readonly backend: Backend;
  private readonly ptr: Ptr;
  private readonly rows: number;
  private readonly columns: number;
  private scales: Float32Array | null = null;

  constructor(backend: Backend, ptr: Ptr, shape: readonly number[]) {
    this.backend = backend;
    this.ptr = ptr;
    [this.rows, this.columns] = shape as [number, number];
  }

  /** Reads the codes, some rows at a time. @throws HandheldError `invalid-file` or `io` */
  async readCodes(tensor: IncomingTensor, where: string): Promise<void> {
    const { backend, rows, columns } = this;
    if (tensor.dtype !== "I8" || tensor.shape.join() !== `${rows},${columns}`) {
      throw invalidFile(where, `${tensor.name} is ${tensor.dtype} [${tensor.shape}], not I8 [${rows},${columns}]`);
    }
    const step = Math.min(rows, Math.max(8, Math.floor(stagingBytes / columns / 8) * 8));
    const staged = backend.alloc(step * columns);
    const noScales = backend.alloc(4 * step);
    try {
      for (let row = 0; row < rows; row += step) {
        const count = Math.min(step, rows - row);
        await tensor.readBytes(backend.u8(staged, count * columns));
        backend.repackInt8(this.ptr + int8Bytes(row, columns), staged, noScales, count, columns);
        backend.flush();
      }
      this.putScales();
    } finally {
      backend.free(staged);
      backend.free(noScales);
    }
  }

  /** Reads the scales. @throws HandheldError `invalid-file` or `io` */
  async readScales(tensor: IncomingTensor, where: string): Promise<void> {
    const { rows } = this;
    const shape = tensor.shape.join();
    if (shape !== `${rows}` && shape !== `${rows},1`) {
      throw invalidFile(where, `${tensor.name} has shape [${shape}], a scale for each of ${rows} rows was expected`);
    }
    this.scales = new Float32Array(rows);
    await tensor.readFloats(this.scales);
    const bad = this.scales.findIndex((scale) => !Number.isFinite(scale));
    if (bad >= 0) throw invalidFile(where, `${tensor.name}: the scale of row ${bad} is ${this.scales[bad]}`);
    this.putScales();
  }

  // Eight scales begin each panel; reading codes clears them.
  private putScales(): void {
    if (this.scales === null) return;
    const { panelRows } = int8Layout;
    for (let row = 0; row < this.rows; row += panelRows) {
      const panel = this.backend.f32(this.ptr + int8Bytes(row, this.columns), panelRows);
      panel.set(this.scales.subarray(row, row + panelRows));
    }
  }
}

/** Codes that are read before they are put in place. */
const stagingBytes = 1 << 20;
