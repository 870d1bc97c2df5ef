// The memory that a calibration works on: packed weights to walk through, activations, a KV cache. All of it is written
// before it is read, for pages that nothing was written to are read from a cache.
import type { Backend, KvLayer, Ptr } from "../../kernels/backend.ts";
import { kvPageTokens } from "../../kernels/backend.ts";
import { randomFill } from "../../model/weights.ts";
import { createRandom } from "../../random.ts";

// 64 bytes of alignment and whole blocks of the int4 layout, 144 bytes.
const unit = 576;
const mostPages = 4096;
/** Size of the heads of operations that take a number of heads only. */
export const stagedHeadSize = 64;

/** How much memory a stage takes. */
export interface StageSizes {
  /** Bytes of packed weights. */
  weightBytes: number;
  /** Rows and numbers per row of the largest activations. */
  rows: number;
  width: number;
  cacheBytes: number;
}

/** A calibration's buffers. */
export class Stage {
  readonly backend: Backend;
  /** Bytes of packed weights. */
  readonly weightBytes: number;
  /** Activations f32 [rows, width], and room for as many. */
  readonly input: Ptr;
  readonly output: Ptr;
  /** Quantised activations. */
  readonly codes: Ptr;
  /** i32 [rows]: token ids, or positions, 0, 1, 2 … */
  readonly ids: Ptr;
  /** Ones f32 [width]: weights of norms. */
  readonly ones: Ptr;
  /** A RoPE table f32 [rows, stagedHeadSize] that turns nothing. */
  readonly turns: Ptr;
  /** Quantised activations of one token and room for its outputs, for work that must not disturb the rest. */
  readonly fillerCodes: Ptr;
  readonly fillerOutput: Ptr;
  private readonly weights: Ptr;
  private readonly cache: Ptr;
  private readonly cacheBytes: number;
  private readonly pages: Ptr;
  private readonly pointers: Ptr[] = [];
  private at = 0;
  private readonly everywhere = { at: 0 };

  /** @throws HandheldError `out-of-memory` */
  constructor(backend: Backend, sizes: StageSizes) {
    this.backend = backend;
    const reserve = (bytes: number) => {
      const ptr = backend.alloc(bytes);
      this.pointers.push(ptr);
      return ptr;
    };
    try {
      this.weightBytes = Math.floor(sizes.weightBytes / unit) * unit;
      this.cacheBytes = sizes.cacheBytes;
      this.weights = reserve(this.weightBytes);
      this.input = reserve(4 * sizes.rows * sizes.width);
      this.output = reserve(4 * sizes.rows * sizes.width);
      this.codes = reserve(backend.activationBytes(sizes.rows, sizes.width));
      this.ids = reserve(4 * sizes.rows);
      this.ones = reserve(4 * sizes.width);
      this.turns = reserve(4 * sizes.rows * stagedHeadSize);
      this.fillerCodes = reserve(backend.activationBytes(1, sizes.width));
      this.fillerOutput = reserve(4 * sizes.width);
      this.cache = reserve(this.cacheBytes);
      this.pages = reserve(4 * mostPages);
      this.write(sizes);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  free(): void {
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
  }

  /** Where the next `bytes` of weights are, in turns. */
  nextWeights(bytes: number): Ptr {
    const size = Math.ceil(bytes / unit) * unit;
    if (this.at + size > this.weightBytes) this.at = 0;
    const ptr = this.weights + this.at;
    this.at += size;
    return ptr;
  }

  /**
   * Where the next `bytes` of weights are, call after call, in turns through the first `window` bytes. Walks through all of the
   * weights go on where the last one ended, so that none finds in a cache what another left there.
   */
  walk(bytes: number, window: number): () => Ptr {
    const size = Math.ceil(bytes / unit) * unit;
    const cursor = window < this.weightBytes ? { at: 0 } : this.everywhere;
    const end = Math.min(this.weightBytes, Math.max(window, size));
    return () => {
      if (cursor.at + size > end) cursor.at = 0;
      cursor.at += size;
      return this.weights + cursor.at - size;
    };
  }

  /** The next weights come from the beginning. */
  rewind(): void {
    this.at = 0;
  }

  /** Whether there is room for the cache of one layer. */
  hasRoomFor(K: number, D: number, tokens: number): boolean {
    const pages = Math.ceil(tokens / kvPageTokens);
    return pages <= mostPages && 2 * this.backend.kvBytes(K, D, "int8") * pages <= this.cacheBytes;
  }

  /** KV caches of as many layers as there is room for, at most `most`, for `tokens` tokens each. */
  layers(K: number, D: number, tokens: number, most: number): KvLayer[] {
    const side = this.backend.kvBytes(K, D, "int8");
    const pages = Math.ceil(tokens / kvPageTokens);
    const count = Math.max(1, Math.min(most, Math.floor(this.cacheBytes / (2 * side * pages))));
    this.backend.i32(this.pages, pages).forEach((_, i, table) => {
      table[i] = this.cache + i * count * 2 * side;
    });
    return Array.from({ length: count }, (_, i) => {
      return { pages: this.pages, keys: 2 * i * side, values: (2 * i + 1) * side, format: "int8" };
    });
  }

  private write({ rows, width }: StageSizes): void {
    const { backend } = this;
    const floats = rows * width;
    const random = createRandom(1);
    randomFill(1)("weights", backend.u8(this.weights, this.weightBytes), [8, this.weightBytes / 18], "int4");
    const block = Float32Array.from({ length: 4096 }, () => random.normal());
    const input = backend.f32(this.input, floats);
    for (let i = 0; i < floats; i += block.length) input.set(block.subarray(0, Math.min(block.length, floats - i)), i);
    backend.f32(this.output, floats).fill(0);
    backend.i32(this.ids, rows).forEach((_, i, ids) => {
      ids[i] = i;
    });
    backend.f32(this.ones, width).fill(1);
    const cosines = [
      ...new Array<number>(stagedHeadSize / 2).fill(1),
      ...new Array<number>(stagedHeadSize / 2).fill(0),
    ];
    backend.f32(this.turns, rows * stagedHeadSize).set(Array.from({ length: rows }, () => cosines).flat());
    backend.u8(this.cache, this.cacheBytes).fill(0);
  }
}
