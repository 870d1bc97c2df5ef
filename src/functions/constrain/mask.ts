// Sets of tokens: few as a list of ids, many as bits; each makes the other form when asked.

import type { TokenMask } from "./types.ts";

/** Words of a bit mask over `size` tokens. */
export const maskWords = (size: number): number => (size + 31) >>> 5;

/** A set of token ids out of `size`. */
export class Mask implements TokenMask {
  readonly count: number;
  readonly #size: number;
  #bits: Uint32Array | undefined;
  #ids: Uint32Array | undefined;

  private constructor(size: number, count: number, bits?: Uint32Array, ids?: Uint32Array) {
    this.#size = size;
    this.count = count;
    this.#bits = bits;
    this.#ids = ids;
  }

  /** The set of `ids` (in any order, without duplicates), together with those of `base`. */
  static of(size: number, ids: Int32Array, base?: Uint32Array): Mask {
    if (!base && ids.length < maskWords(size))
      return new Mask(size, ids.length, undefined, Uint32Array.from(ids).sort());
    const bits = base ? base.slice() : new Uint32Array(maskWords(size));
    for (const id of ids) bits[id >>> 5] = (bits[id >>> 5] as number) | (1 << (id & 31));
    return new Mask(size, countBits(bits), bits);
  }

  get bits(): Uint32Array {
    if (!this.#bits) {
      const bits = new Uint32Array(maskWords(this.#size));
      this.writeBits(bits);
      this.#bits = bits;
    }
    return this.#bits;
  }

  writeBits(words: Uint32Array): void {
    if (this.#bits) {
      words.set(this.#bits);
      return;
    }
    words.fill(0);
    for (const id of this.#ids ?? []) words[id >>> 5] = (words[id >>> 5] as number) | (1 << (id & 31));
  }

  /** Whether the ids are at hand without a pass over the bits. */
  get isList(): boolean {
    return this.#ids !== undefined;
  }

  has(id: number): boolean {
    if (id < 0 || id >= this.#size) return false;
    return this.#bits
      ? (((this.#bits[id >>> 5] as number) >>> (id & 31)) & 1) === 1
      : (this.#ids?.includes(id) ?? false);
  }

  ids(): Uint32Array {
    if (!this.#ids) {
      const ids = new Uint32Array(this.count);
      let n = 0;
      this.bits.forEach((word, i) => {
        for (let left = word; left !== 0; left &= left - 1) ids[n++] = i * 32 + (31 - Math.clz32(left & -left));
      });
      this.#ids = ids;
    }
    return this.#ids;
  }
}

function countBits(bits: Uint32Array): number {
  let count = 0;
  for (const word of bits) {
    let x = word - ((word >>> 1) & 0x55555555);
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
    count += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/**
 * Sets the logits (V) of all tokens outside `mask` to -Infinity, in place.
 *
 * @example
 * ```ts
 * applyMask(logits, constraint.allowed());
 * ```
 */
export function applyMask(logits: Float32Array, mask: TokenMask): void {
  if (mask.count * 8 < logits.length) {
    const ids = mask.ids();
    const kept = Float32Array.from(ids, (id) => logits[id] as number);
    logits.fill(Number.NEGATIVE_INFINITY);
    ids.forEach((id, i) => {
      logits[id] = kept[i] as number;
    });
    return;
  }
  const { bits } = mask;
  for (let id = 0; id < logits.length; id++) {
    if ((((bits[id >>> 5] as number) >>> (id & 31)) & 1) === 0) logits[id] = Number.NEGATIVE_INFINITY;
  }
}
