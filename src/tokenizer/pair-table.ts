// Pairs of token ids → what they become and how early: a hash table with open addressing in flat arrays, made once and
// asked at every step of encoding.

/** A table of merges. */
export class PairTable {
  readonly #mask: number;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #rank: Int32Array;
  readonly #joined: Int32Array;

  /** Room for so many pairs. */
  constructor(pairs: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(8, 2 * pairs)));
    this.#mask = size - 1;
    this.#left = new Int32Array(size).fill(-1);
    this.#right = new Int32Array(size);
    this.#rank = new Int32Array(size);
    this.#joined = new Int32Array(size);
  }

  /** Says what a pair becomes; a pair given again takes the new rank. */
  set(left: number, right: number, rank: number, joined: number): void {
    const slot = this.#slot(left, right);
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#rank[slot] = rank;
    this.#joined[slot] = joined;
  }

  /** The place of a pair, to be given to {@link rank} and {@link joined}; -1 where there is none. */
  find(left: number, right: number): number {
    const slot = this.#slot(left, right);
    return this.#left[slot] === -1 ? -1 : slot;
  }

  /** How early the pair is joined, from 0. */
  rank(place: number): number {
    return this.#rank[place]!;
  }

  /** The id that the pair becomes. */
  joined(place: number): number {
    return this.#joined[place]!;
  }

  #slot(left: number, right: number): number {
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash ^= hash >>> 15;
    let slot = hash & this.#mask;
    while (this.#left[slot] !== -1 && (this.#left[slot] !== left || this.#right[slot] !== right)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
