// The automaton's stack. A Frame is what one level expects next; a Cell is a frame on top of other cells. Cells are
// interned (equal stacks are the same object), so they serve as states, and their transitions are remembered.

import type { State } from "./types.ts";
import type { TokenTrie } from "./vocabulary.ts";

/** What one level of the stack expects. Immutable; `key` identifies it among all frames of its grammar. */
export interface Frame {
  readonly key: string;
  /** Whether a text position here lies inside a value, where plain (not structural) tokens belong. */
  readonly content: boolean;
  /** Whether this level may end here without another byte. */
  readonly complete: boolean;
  /** Whether the whole answer may end here. */
  readonly accepts: boolean;
  /** `query`: belongs to one query; `placeholder`: to be replaced by a frame of the query (see Extractive). */
  readonly scope: "shared" | "placeholder" | "query";
  /** A free string between two of its characters: all plain UTF-8 text is allowed. */
  readonly freeText: boolean;
  /** All bytes that `step` may take; absent: any may be, ask `step`. */
  readonly bytes?: Iterable<number> | undefined;
  /** The tokens of `trie` that stay inside this value: a shortcut for walking the trie, where there is one. */
  staying?(trie: TokenTrie): ReadonlySet<number>;
  /** The frames (top last) that replace this one after `byte`; null when it cannot take it. */
  step(byte: number): readonly Frame[] | null;
}

/** Most frames are none of these. */
export const PLAIN = { content: false, complete: false, accepts: false, scope: "shared", freeText: false } as const;

/** A stack: `frame` above `rest`. */
export class Cell implements State {
  readonly id: number;
  readonly frame: Frame;
  readonly rest: Cell | null;
  /** Belongs to one query, so nothing reached through it may be cached for others. */
  readonly local: boolean;
  /** Remembered transitions by byte. A Map: most cells have few, and there are many cells. */
  readonly next = new Map<number, Cell>();
  #bytes: readonly number[] | null | undefined;

  constructor(id: number, frame: Frame, rest: Cell | null, local: boolean) {
    this.id = id;
    this.frame = frame;
    this.rest = rest;
    this.local = local;
  }

  /** The bytes that lead on from here (and perhaps some that do not); null: any may. */
  get bytes(): readonly number[] | null {
    if (this.#bytes === undefined) {
      const own = this.frame.bytes;
      const below = this.frame.complete && this.rest ? this.rest.bytes : [];
      this.#bytes = own && below ? [...new Set([...own, ...below])].sort((a, b) => a - b) : null;
    }
    return this.#bytes;
  }
}

/** Makes cells, each stack once. */
export class CellTable {
  readonly #cells = new Map<string, Cell>();
  readonly #local: boolean;
  static #lastId = 0;

  constructor(local: boolean) {
    this.#local = local;
  }

  push(frame: Frame, rest: Cell | null): Cell {
    const key = `${frame.key}|${rest?.id ?? ""}`;
    let cell = this.#cells.get(key);
    if (!cell) {
      cell = new Cell(++CellTable.#lastId, frame, rest, this.#local);
      this.#cells.set(key, cell);
    }
    return cell;
  }
}

/** The cell after `byte`, computed: the top frame takes it, or ends if it may and leaves it to the frame below. */
export function advance(cell: Cell, byte: number, table: (frame: Frame) => CellTable): Cell | null {
  for (let top: Cell | null = cell; top; top = top.rest) {
    const frames = top.frame.step(byte);
    if (frames) {
      let result = top.rest;
      for (const frame of frames) result = table(frame).push(frame, result);
      return result;
    }
    if (!top.frame.complete) return null;
  }
  return null;
}
