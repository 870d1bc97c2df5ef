// A vocabulary as a byte trie in flat arrays, laid out in depth-first order so that a walk is one loop with skips.

import type { Cell } from "./frame.ts";
import type { Automaton } from "./types.ts";

/** Most bytes of a token that are considered. */
const MAX_BYTES = 1 << 15;

/** Token bytes as a string with one character per byte: sorts in byte order. */
function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 4096) out += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return out;
}

/** Tokens by their bytes. Node 0 is the root; a node's subtree is the nodes from it to `skip` of it. */
export class TokenTrie {
  readonly #byte: Uint8Array;
  readonly #depth: Uint16Array;
  readonly #skip: Int32Array;
  /** Tokens that end at node i: `#ids` from `#first[i]` to `#first[i + 1]`. */
  readonly #first: Int32Array;
  readonly #ids: Int32Array;
  /** The root's child for each byte; 0: none. */
  readonly #roots = new Int32Array(256);
  readonly #path: Cell[] = [];

  constructor(ids: Iterable<number>, vocabulary: readonly (Uint8Array | null | undefined)[]) {
    const tokens: { id: number; text: string }[] = [];
    for (const id of ids) {
      const bytes = vocabulary[id];
      if (bytes && bytes.length > 0 && bytes.length < MAX_BYTES) tokens.push({ id, text: latin1(bytes) });
    }
    tokens.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.id - b.id));
    const nodes = layOut(tokens.map((t) => t.text));
    this.#ids = Int32Array.from(tokens, (t) => t.id);
    this.#byte = Uint8Array.from(nodes.byte);
    this.#depth = Uint16Array.from(nodes.depth);
    this.#first = Int32Array.from([...nodes.first, tokens.length]);
    this.#skip = skips(this.#depth);
    for (let node = 1; node < this.#byte.length; node = this.#skip[node] as number) {
      this.#roots[this.#byte[node] as number] = node;
    }
  }

  /**
   * Writes into `out` (from `count`) the ids of the tokens that the automaton can take from `start`; returns the new
   * count.
   */
  walk(walker: Walker, start: Cell, out: Int32Array, count: number): number {
    this.#path[0] = start;
    // Most states take few bytes: go straight to those children of the root.
    const { bytes } = start;
    if (bytes === null) return this.#walkNodes(walker, 1, this.#byte.length, out, count);
    let total = count;
    for (const byte of bytes) {
      const node = this.#roots[byte] as number;
      if (node > 0) total = this.#walkNodes(walker, node, this.#skip[node] as number, out, total);
    }
    return total;
  }

  /**
   * Adds to `found` the ids of the tokens that spell `lead` (a byte; -1: none) and then a beginning of `text` from `at` on,
   * which a 0 ends.
   */
  follow(text: Uint8Array, at: number, lead: number, found: Set<number>): void {
    let node = lead < 0 ? (this.#roots[text[at] as number] as number) : (this.#roots[lead] as number);
    for (let next = lead < 0 ? at + 1 : at; node > 0; next++) {
      for (let i = this.#first[node] as number; i < (this.#first[node + 1] as number); i++) {
        found.add(this.#ids[i] as number);
      }
      const byte = text[next] ?? 0;
      node = byte === 0 ? 0 : this.#child(node, byte);
    }
  }

  /** The child of `node` for `byte`; 0: none. */
  #child(node: number, byte: number): number {
    const end = this.#skip[node] as number;
    for (let child = node + 1; child < end; child = this.#skip[child] as number) {
      if (this.#byte[child] === byte) return child;
    }
    return 0;
  }

  /** Walks the nodes `[from, to)`, whose parents are on the path. */
  #walkNodes(walker: Walker, from: number, to: number, out: Int32Array, count: number): number {
    const { automaton, keep, take } = walker;
    const path = this.#path;
    const start = path[0] as Cell;
    let total = count;
    for (let node = from; node < to; ) {
      const depth = this.#depth[node] as number;
      const parent = path[depth - 1] as Cell;
      const cell = automaton.next(parent, this.#byte[node] as number) as Cell | null;
      if (parent.local) walker.readQuery = true;
      if (cell === null || (keep && !keep(start, cell))) {
        node = this.#skip[node] as number;
        continue;
      }
      path[depth] = cell;
      if (!take || take(cell)) {
        const last = this.#first[node + 1] as number;
        for (let i = this.#first[node] as number; i < last; i++) out[total++] = this.#ids[i] as number;
      }
      node++;
    }
    return total;
  }
}

/** What a walk runs on, and what it found out. */
export interface Walker {
  automaton: Automaton;
  /** Whether the walk goes on to `cell`; absent: always. */
  keep?: ((start: Cell, cell: Cell) => boolean) | undefined;
  /** Whether tokens that end at a cell are taken; absent: always. */
  take?: ((end: Cell) => boolean) | undefined;
  /** Set when the walk passed through states of the query. */
  readQuery: boolean;
}

/** Nodes of the trie of sorted `texts`, in depth-first order. */
function layOut(texts: readonly string[]): { byte: number[]; depth: number[]; first: number[] } {
  const byte = [0];
  const depth = [0];
  const first = [0];
  let previous = "";
  texts.forEach((text, token) => {
    let common = 0;
    while (common < previous.length && text[common] === previous[common]) common++;
    for (let i = common; i < text.length; i++) {
      byte.push(text.charCodeAt(i));
      depth.push(i + 1);
      first.push(token);
    }
    previous = text;
  });
  return { byte, depth, first };
}

/** For each node, the first node after its subtree. */
function skips(depth: Uint16Array): Int32Array {
  const skip = new Int32Array(depth.length);
  const open: number[] = [];
  for (let node = 0; node < depth.length; node++) {
    while (open.length > 0 && (depth[open.at(-1) as number] as number) >= (depth[node] as number)) {
      skip[open.pop() as number] = node;
    }
    open.push(node);
  }
  for (const node of open) skip[node] = depth.length;
  return skip;
}
