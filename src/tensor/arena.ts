// Memory for one training step: handed out in order, reused within the step by size, all taken back at once at its end.
// After the largest batch has been seen it never grows again.
import type { Backend, Ptr } from "../kernels/backend.ts";

/** Least memory that is reserved at a time. */
const chunkBytes = 1 << 24;

interface Chunk {
  ptr: Ptr;
  bytes: number;
}

/** A bump allocator over a backend's memory, with free lists of equal sizes. */
export class Arena {
  private readonly backend: Backend;
  private chunks: Chunk[] = [];
  /** Bytes used of the last chunk. */
  private used = 0;
  private readonly pool = new Map<number, Ptr[]>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Bytes reserved. */
  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  }

  /** Room for `count` 4-byte numbers, 64-byte aligned, with unknown contents. @throws HandheldError `out-of-memory` */
  take(count: number): Ptr {
    const reused = this.pool.get(count)?.pop();
    if (reused !== undefined) return reused;
    const size = Math.max(64, Math.ceil(count / 16) * 64);
    let chunk = this.chunks.at(-1);
    if (chunk === undefined || this.used + size > chunk.bytes) {
      chunk = this.reserve(Math.max(chunkBytes, size));
    }
    const ptr = chunk.ptr + this.used;
    this.used += size;
    return ptr;
  }

  /** Takes back what {@link take} gave, for the next request of the same count. */
  give(ptr: Ptr, count: number): void {
    const list = this.pool.get(count);
    if (list) list.push(ptr);
    else this.pool.set(count, [ptr]);
  }

  /** Takes everything back. Several chunks become one, so that the next step of this size finds its memory in one piece. */
  reset(): void {
    this.pool.clear();
    this.used = 0;
    if (this.chunks.length < 2) return;
    const bytes = this.bytes;
    this.free();
    this.reserve(bytes);
  }

  /** Returns the memory to the backend. */
  free(): void {
    for (const chunk of this.chunks.splice(0)) this.backend.free(chunk.ptr);
    this.pool.clear();
    this.used = 0;
  }

  private reserve(bytes: number): Chunk {
    const chunk = { ptr: this.backend.alloc(bytes), bytes };
    this.chunks.push(chunk);
    this.used = 0;
    return chunk;
  }
}
