// Byte-pair encoding of one piece of text: its characters as ids, then the earliest learned pair joined until none is
// left. Short pieces look for it anew each time; long ones keep the pairs in a heap, n log n for any text.
import { HandheldError, invalidFile, quoteName } from "../errors.ts";
import { type BpeJson, mergeParts } from "./format.ts";
import { PairTable } from "./pair-table.ts";

/** Encodes one piece of text. */
export interface Model {
  /** Appends the ids of a piece. */
  encode(piece: string, ids: number[]): void;
}

/** Pieces of more symbols go through the heap. Measured on words of a–z: the two ways meet at 60 to 100 (EPYC, Node 24). */
const mostScanned = 64;
/** Places in a text; rank · 2^29 + place is exact in a double. */
const placeLimit = 2 ** 29;

/**
 * Byte-pair encoding by a file's model and the ids of its tokens.
 *
 * @throws HandheldError `invalid-file` for merges of unknown tokens, `unsupported`; `where` prefixes it
 */
export function createBpe(json: BpeJson, ids: ReadonlyMap<string, number>, where: string): Bpe {
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix"] as const) {
    if (json[key]) {
      throw new HandheldError("unsupported", `${where}: model.${key} ${quoteName(json[key])} is not supported`);
    }
  }
  return new Bpe(json, ids, where);
}

/** The model of most small language models. */
export class Bpe implements Model {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pairs: PairTable;
  /** Ids of the bytes where a character has no token; null where it is not so. */
  readonly #bytes: readonly (number | undefined)[] | null;
  readonly #unknown: number | undefined;
  readonly #fuseUnknown: boolean;
  readonly #wholeFirst: boolean;

  constructor(json: BpeJson, ids: ReadonlyMap<string, number>, where: string) {
    this.#ids = ids;
    this.#pairs = tableOf(json, ids, where);
    const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    this.#bytes = json.byte_fallback ? Array.from({ length: 256 }, (_, byte) => ids.get(byteName(byte))) : null;
    this.#unknown = json.unk_token ? ids.get(json.unk_token) : undefined;
    if (json.unk_token && this.#unknown === undefined) {
      throw invalidFile(where, `model.unk_token ${quoteName(json.unk_token)} is not in the vocabulary`);
    }
    this.#fuseUnknown = json.fuse_unk === true;
    this.#wholeFirst = json.ignore_merges === true;
  }

  encode(piece: string, ids: number[]): void {
    const whole = this.#wholeFirst ? this.#ids.get(piece) : undefined;
    if (whole !== undefined) ids.push(whole);
    else this.encodeParts(piece, ids);
  }

  /** As {@link encode}, without looking for the whole piece in the vocabulary. */
  encodeParts(piece: string, ids: number[]): void {
    const symbols = this.#symbols(piece);
    if (symbols.length <= mostScanned) this.#scan(symbols);
    else symbols.length = mergeLong(symbols, this.#pairs);
    for (const id of symbols) ids.push(id);
  }

  /** The id of a token. */
  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** Whether every character has an id or is spelled by its bytes. */
  get hasAllBytes(): boolean {
    return this.#bytes?.every((id) => id !== undefined) ?? false;
  }

  // The ids of the characters. Where a character has no token: its bytes, or the unknown token, or nothing.
  #symbols(piece: string): number[] {
    const symbols: number[] = [];
    let unknown = false; // one is waiting: with fuse_unk it takes in the unknown characters that follow
    for (const char of piece) {
      const id = this.#ids.get(char);
      if (id !== undefined) {
        if (unknown) symbols.push(this.#unknown!);
        unknown = false;
        symbols.push(id);
      } else if (!this.#spell(char, symbols) && this.#unknown !== undefined) {
        if (unknown && !this.#fuseUnknown) symbols.push(this.#unknown);
        unknown = true;
      }
    }
    if (unknown) symbols.push(this.#unknown!);
    return symbols;
  }

  #spell(char: string, symbols: number[]): boolean {
    if (this.#bytes === null) return false;
    const bytes: number[] = [];
    for (const byte of new TextEncoder().encode(char)) {
      const id = this.#bytes[byte];
      if (id === undefined) return false;
      bytes.push(id);
    }
    symbols.push(...bytes);
    return true;
  }

  #scan(symbols: number[]): void {
    const pairs = this.#pairs;
    const places: number[] = []; // of each symbol with the next one
    for (let i = 0; i + 1 < symbols.length; i++) places.push(pairs.find(symbols[i]!, symbols[i + 1]!));
    for (;;) {
      let least = Infinity;
      let at = -1;
      for (let i = 0; i < places.length; i++) {
        const rank = places[i]! < 0 ? Infinity : pairs.rank(places[i]!);
        if (rank < least) {
          least = rank;
          at = i;
        }
      }
      if (at < 0) return;
      symbols[at] = pairs.joined(places[at]!);
      symbols.splice(at + 1, 1);
      places.splice(at, 1);
      if (at > 0) places[at - 1] = pairs.find(symbols[at - 1]!, symbols[at]!);
      if (at < places.length) places[at] = pairs.find(symbols[at]!, symbols[at + 1]!);
    }
  }
}

function tableOf(json: BpeJson, ids: ReadonlyMap<string, number>, where: string): PairTable {
  const table = new PairTable(json.merges.length);
  const firstRank = new Map<number, number>();
  json.merges.forEach((merge, i) => {
    const [left, right, ...rest] = mergeParts(merge);
    const [leftId, rightId] = [ids.get(left!), ids.get(right!)];
    const joined = leftId === undefined || rightId === undefined ? undefined : ids.get(left! + right!);
    if (joined === undefined || rest.length > 0) {
      const shown = JSON.stringify(merge)?.slice(0, 200);
      const reason = `${shown} does not join two tokens of the vocabulary into a third`;
      throw invalidFile(where, `model.merges.${i}: ${reason}`);
    }
    let rank = i;
    if (json.leftmost === true) {
      rank = firstRank.get(joined) ?? i;
      firstRank.set(joined, rank);
    }
    table.set(leftId!, rightId!, rank, joined);
  });
  return table;
}

/**
 * Joins pairs in `symbols` in place: the lowest rank first, then the leftmost. Symbols are a linked list; the heap has
 * rank and place of each pair that was there once, and one that is not there any more is passed over.
 *
 * @returns how many are left
 */
function mergeLong(symbols: number[], pairs: PairTable): number {
  const count = symbols.length;
  const ids = Int32Array.from(symbols);
  const next = Int32Array.from(ids, (_, i) => i + 1); // `count` ends the list
  const previous = Int32Array.from(ids, (_, i) => i - 1);
  const heap = new MinHeap(count);
  const offer = (at: number): void => {
    const after = next[at]!;
    const place = after < count ? pairs.find(ids[at]!, ids[after]!) : -1;
    if (place >= 0) heap.push(pairs.rank(place) * placeLimit + at);
  };
  for (let at = 0; at < count; at++) offer(at);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const at = top % placeLimit;
    const after = next[at]!;
    if (ids[at] === -1 || after >= count) continue;
    const place = pairs.find(ids[at]!, ids[after]!);
    if (place < 0 || pairs.rank(place) * placeLimit + at !== top) continue;
    ids[at] = pairs.joined(place);
    ids[after] = -1;
    next[at] = next[after]!;
    if (next[at]! < count) previous[next[at]!] = at;
    if (previous[at]! >= 0) offer(previous[at]!);
    offer(at);
  }
  let left = 0;
  for (let at = 0; at < count; at = next[at]!) symbols[left++] = ids[at]!;
  return left;
}

/** A binary heap of numbers, the least on top. */
class MinHeap {
  #items: Float64Array;
  #size = 0;

  constructor(room: number) {
    this.#items = new Float64Array(Math.max(16, room));
  }

  push(item: number): void {
    if (this.#size === this.#items.length) {
      const larger = new Float64Array(2 * this.#size);
      larger.set(this.#items);
      this.#items = larger;
    }
    const items = this.#items;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! <= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const items = this.#items;
    const top = items[0];
    const item = items[--this.#size]!;
    let at = 0;
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && items[child + 1]! < items[child]!) child++;
      if (items[child]! >= item) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
    return top;
  }
}
