// The weights file of a model directory, written as the numbers come: float, or packed by a backend's kernels.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { toF16 } from "../quant/f16.ts";
import { int4Bytes } from "../quant/int4.ts";
import { packInt8 } from "../quant/int8.ts";
import type { Spec } from "../spec/spec.ts";
import { type DirectoryFormat, modelFiles } from "./directory.ts";
import type { WeightSink } from "./float-weights.ts";
import { scaleName } from "./int8-tensors.ts";
import { isMatrix, tensorShapes } from "./layout.ts";
import type { TensorToCome } from "./safetensors-write.ts";
import { SafetensorsWriter } from "./safetensors-writer.ts";

/** Takes a model's float weights and writes them in one format. */
export class DirectoryWriter implements WeightSink {
  private readonly backend: Backend;
  private readonly format: DirectoryFormat;
  private readonly writer: SafetensorsWriter;
  private readonly done: ReadonlyMap<string, Uint8Array>;
  /** Room for packed rows, and its bytes. */
  private packed: Ptr = 0;
  private packedBytes = 0;
  private readonly faults: Ptr;

  private constructor(
    backend: Backend,
    format: DirectoryFormat,
    writer: SafetensorsWriter,
    done: ReadonlyMap<string, Uint8Array>,
  ) {
    this.backend = backend;
    this.done = done;
    this.format = format;
    this.writer = writer;
    this.faults = backend.alloc(4);
  }

  /** Begins the weights file of `dir`. `done`: int4 matrices to write instead of their floats. @throws HandheldError `io` */
  static async create(
    backend: Backend,
    dir: string,
    spec: Spec,
    format: DirectoryFormat,
    done: ReadonlyMap<string, Uint8Array> = new Map(),
  ): Promise<DirectoryWriter> {
    const tensors = tensorShapes(spec).flatMap((tensor): TensorToCome[] => {
      const { name, shape } = tensor;
      if (!isMatrix(tensor) || format === "f32") return [{ name, dtype: "F32", shape }];
      const [rows, columns] = shape as [number, number];
      if (format === "f16") return [{ name, dtype: "F16", shape }];
      if (format === "int4") return [{ name, dtype: "U8", shape: [int4Bytes(rows, columns)] }];
      return [
        { name, dtype: "I8", shape },
        { name: scaleName(name), dtype: "F32", shape: [rows] },
      ];
    });
    const writer = await SafetensorsWriter.create(`${dir}/${modelFiles.weights}`, tensors);
    return new DirectoryWriter(backend, format, writer, done);
  }

  /** @throws HandheldError `io` */
  vector(name: string, values: Float32Array, at: number): Promise<void> {
    return this.writer.write(name, bytesOf(values), 4 * at);
  }

  /** @throws HandheldError `io`, or `invalid-data` for a weight that is not finite */
  async rows(name: string, ptr: Ptr, first: number, count: number, columns: number): Promise<void> {
    const { backend, writer } = this;
    const done = this.done.get(name);
    if (done) return first === 0 ? writer.write(name, done) : undefined;
    const floats = () => backend.f32(ptr, count * columns);
    switch (this.format) {
      case "f32":
        return writer.write(name, bytesOf(floats()), 4 * first * columns);
      case "f16":
        return writer.write(name, bytesOf(Uint16Array.from(floats(), toF16)), 2 * first * columns);
      case "int8": {
        const { codes, scales } = packInt8(floats(), count, columns);
        await writer.write(name, bytesOf(codes), first * columns);
        return writer.write(scaleName(name), bytesOf(scales), 4 * first);
      }
      case "int4":
        return writer.write(name, this.packInt4(name, ptr, count, columns), int4Bytes(first, columns));
    }
  }

  /** Ends the file. @throws HandheldError `io`, or `invalid-data` where weights did not come */
  async finish(): Promise<void> {
    this.free();
    await this.writer.finish();
  }

  /** Leaves no file behind. */
  async abort(): Promise<void> {
    this.free();
    await this.writer.abort();
  }

  private packInt4(name: string, ptr: Ptr, count: number, columns: number): Uint8Array {
    const { backend, faults } = this;
    const bytes = int4Bytes(count, columns);
    if (bytes > this.packedBytes) {
      if (this.packed) backend.free(this.packed);
      this.packed = backend.alloc(bytes);
      this.packedBytes = bytes;
    }
    backend.packInt4(this.packed, ptr, count, columns, faults);
    if (backend.i32(faults, 1)[0] !== 0) {
      throw new HandheldError("invalid-data", `${name} has a weight that is not finite`);
    }
    return backend.u8(this.packed, bytes);
  }

  private free(): void {
    if (this.packed) this.backend.free(this.packed);
    this.packed = 0;
    this.backend.free(this.faults);
  }
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
