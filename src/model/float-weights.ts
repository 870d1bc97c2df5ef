// The float weights of a model directory of any family, under our names: as whole arrays, or with matrices in a backend's
// memory some rows at a time, so that a model is never there twice.
import type { Backend, Ptr } from "../kernels/backend.ts";
import type { FileSource } from "../source.ts";
import type { ModelConfig } from "./directory.ts";
import type { TensorSource } from "./families/family.ts";
import { isMatrix, tensorShapes } from "./layout.ts";
import type { IncomingTensor } from "./safetensors-file.ts";
import { allocateFloats, applySource, readStored } from "./stored-tensors.ts";

/** Takes numbers of one of our tensors, from its element `at` on. */
export type TakeFloats = (name: string, values: Float32Array, at: number) => void | Promise<void>;

/** Takes a model's numbers as they come. */
export interface WeightSink {
  /** Norms, biases and learned positions. */
  vector(...floats: Parameters<TakeFloats>): void | Promise<void>;
  /**
   * Rows `first`.. of a matrix, f32 [count, columns] in the backend's memory until the promise resolves. `first` is a
   * multiple of 8, and so is `count` but at the matrix's end.
   */
  rows(name: string, ptr: Ptr, first: number, count: number, columns: number): void | Promise<void>;
}

/** Reads all float weights, each of our tensors whole. @throws HandheldError `io`, `invalid-file` or `out-of-memory` */
export async function readFloatSources(source: FileSource, config: ModelConfig, put: TakeFloats): Promise<void> {
  const layout = config.layout();
  await putConstants(config, layout.sources, put);
  await readStored(source, layout, async (tensor, entries) => {
    const stored = await readWhole(tensor, source);
    for (const entry of entries) await put(entry.to, applySource(stored, entry), entry.at ?? 0);
  });
}

/**
 * Reads all float weights; matrices that are stored as ours are never in memory whole.
 * @throws HandheldError `io`, `invalid-file` or `out-of-memory`, and what the sink throws
 */
export async function readFloatWeights(
  backend: Backend,
  source: FileSource,
  config: ModelConfig,
  sink: WeightSink,
): Promise<void> {
  const layout = config.layout();
  const columns = new Map<string, number>();
  for (const tensor of tensorShapes(config.spec)) if (isMatrix(tensor)) columns.set(tensor.name, tensor.shape[1]!);
  await putConstants(config, layout.sources, (...floats) => sink.vector(...floats));
  const pieces = new RowPieces(backend, Math.max(...columns.values()));
  try {
    await readStored(source, layout, async (tensor, entries) => {
      const [first] = entries as [TensorSource];
      if (entries.length === 1 && columns.has(first.to) && !first.convert) {
        await pieces.stream(tensor, first, sink);
        return;
      }
      const stored = await readWhole(tensor, source);
      for (const entry of entries) {
        const width = columns.get(entry.to);
        const values = applySource(stored, entry);
        if (width === undefined) await sink.vector(entry.to, values, entry.at ?? 0);
        else await pieces.split(entry.to, values, width, sink);
      }
    });
  } finally {
    pieces.close();
  }
}

/** A tensor of ours, read when asked. */
export interface NamedSource {
  name: string;
  shape: readonly number[];
  read(): Promise<Float32Array<ArrayBuffer>>;
}

/** Hands tensors that are read one at a time to a sink. @throws what reading them and the sink throws */
export async function putTensors(backend: Backend, tensors: readonly NamedSource[], sink: WeightSink): Promise<void> {
  const widest = tensors.reduce((most, { shape }) => Math.max(most, shape.at(-1)!), 1);
  const pieces = new RowPieces(backend, widest);
  try {
    for (const tensor of tensors) {
      const values = await tensor.read();
      if (isMatrix(tensor)) await pieces.split(tensor.name, values, tensor.shape[1]!, sink);
      else await sink.vector(tensor.name, values, 0);
    }
  } finally {
    pieces.close();
  }
}

async function readWhole(tensor: IncomingTensor, source: FileSource): Promise<Float32Array<ArrayBuffer>> {
  const stored = allocateFloats(tensor.shape, `${source.name}: ${tensor.name}`);
  await tensor.readFloats(stored);
  return stored;
}

/** What no file has: norms that do nothing. */
async function putConstants({ spec }: ModelConfig, sources: readonly TensorSource[], put: TakeFloats): Promise<void> {
  const lengths = new Map(tensorShapes(spec).map(({ name, shape }) => [name, shape[0]!]));
  for (const { to, from, plus = 0 } of sources) {
    if (from === null) await put(to, new Float32Array(lengths.get(to)!).fill(plus), 0);
  }
}

/** Floats that are in memory at a time: 8 MB. */
const pieceFloats = 1 << 21;

/** Matrices in pieces of rows, in a buffer of a backend's memory. */
class RowPieces {
  private readonly backend: Backend;
  private readonly capacity: number;
  private readonly floats: Ptr;
  private readonly halves: Ptr;

  constructor(backend: Backend, widest: number) {
    this.backend = backend;
    this.capacity = Math.max(pieceFloats, 8 * widest);
    this.floats = backend.alloc(4 * this.capacity);
    this.halves = backend.alloc(2 * this.capacity);
  }

  /** A stored matrix that is ours but for a factor. */
  async stream(tensor: IncomingTensor, { to, shape, scale = 1 }: TensorSource, sink: WeightSink): Promise<void> {
    const [rows, columns] = shape as [number, number];
    await this.each(rows, columns, async (first, count) => {
      await this.read(tensor, count * columns);
      if (scale !== 1) {
        const view = this.backend.f32(this.floats, count * columns);
        for (let i = 0; i < view.length; i++) view[i] = view[i]! * scale;
      }
      await sink.rows(to, this.floats, first, count, columns);
    });
  }

  /** A matrix that is in memory. */
  async split(to: string, values: Float32Array, columns: number, sink: WeightSink): Promise<void> {
    await this.each(values.length / columns, columns, async (first, count) => {
      const begin = first * columns;
      this.backend.f32(this.floats, count * columns).set(values.subarray(begin, begin + count * columns));
      await sink.rows(to, this.floats, first, count, columns);
    });
  }

  close(): void {
    this.backend.free(this.floats);
    this.backend.free(this.halves);
  }

  private async each(
    rows: number,
    columns: number,
    visit: (first: number, count: number) => Promise<void>,
  ): Promise<void> {
    const step = Math.floor(this.capacity / columns / 8) * 8;
    for (let first = 0; first < rows; first += step) await visit(first, Math.min(step, rows - first));
  }

  /** The tensor's next n numbers. */
  private async read(tensor: IncomingTensor, n: number): Promise<void> {
    const { backend, floats, halves } = this;
    const { dtype } = tensor;
    if (dtype === "F16" || dtype === "BF16") {
      await tensor.readBytes(backend.u8(halves, 2 * n));
      backend.widen(floats, halves, n, dtype === "F16" ? "f16" : "bf16");
    } else {
      await tensor.readFloats(backend.f32(floats, n));
    }
  }
}
