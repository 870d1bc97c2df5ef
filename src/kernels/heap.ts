// A best-fit free list over a growing range of addresses (so that small blocks do not break up the holes of large ones). Sizes and addresses are multiples of 64 bytes.
import { HandheldError } from "../errors.ts";

const alignment = 64;

/** Hands out addresses from `start` upwards; `ensure(end)` is called before memory up to `end` is used. */
export class Heap {
  private readonly sizes = new Map<number, number>();
  /** Free blocks, sorted by address, never adjacent. */
  private holes: { at: number; size: number }[] = [];
  private end: number;
  private used = 0;
  private readonly ensure: (end: number) => void;

  constructor(start: number, ensure: (end: number) => void) {
    this.end = Math.ceil(start / alignment) * alignment;
    this.ensure = ensure;
  }

  /** Bytes handed out and not yet freed. */
  get allocatedBytes(): number {
    return this.used;
  }

  /** @throws HandheldError `out-of-memory` when `ensure` cannot provide, `kernel` on a nonsensical size. */
  alloc(bytes: number): number {
    if (!(bytes >= 0) || bytes > 2 ** 32) {
      throw new HandheldError("out-of-memory", `cannot reserve ${bytes} bytes: one memory holds at most 4 GiB`);
    }
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment);
    const at = this.takeHole(size) ?? this.extend(size);
    this.sizes.set(at, size);
    this.used += size;
    return at;
  }

  free(at: number): void {
    const size = this.sizes.get(at);
    if (size === undefined) throw new HandheldError("kernel", `free of address ${at}, which is not allocated`);
    this.sizes.delete(at);
    this.used -= size;
    this.insertHole(at, size);
  }

  private extend(size: number): number {
    const at = this.end;
    if (at + size > 2 ** 32) {
      throw new HandheldError("out-of-memory", `cannot reserve ${size} bytes more: one memory holds at most 4 GiB`);
    }
    this.ensure(at + size);
    this.end = at + size;
    return at;
  }

  private takeHole(size: number): number | undefined {
    let index = -1;
    for (const [i, hole] of this.holes.entries()) {
      if (hole.size >= size && (index < 0 || hole.size < this.holes[index]!.size)) index = i;
    }
    const hole = this.holes[index];
    if (!hole) return undefined;
    const at = hole.at;
    if (hole.size === size) this.holes.splice(index, 1);
    else {
      hole.at += size;
      hole.size -= size;
    }
    return at;
  }

  private insertHole(at: number, size: number): void {
    let index = this.holes.findIndex((hole) => hole.at > at);
    if (index < 0) index = this.holes.length;
    this.holes.splice(index, 0, { at, size });
    this.merge(index);
    if (index > 0) this.merge(index - 1);
    const last = this.holes.at(-1);
    if (last && last.at + last.size === this.end) {
      this.end = last.at;
      this.holes.pop();
    }
  }

  private merge(index: number): void {
    const hole = this.holes[index];
    const next = this.holes[index + 1];
    if (hole && next && hole.at + hole.size === next.at) {
      hole.size += next.size;
      this.holes.splice(index + 1, 1);
    }
  }
}
