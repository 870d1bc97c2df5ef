// Added tokens: strings that are one token wherever they stand in text, found before anything else is done with it.
import type { AddedTokenJson } from "./format.ts";
import { Trie } from "./trie.ts";

/** A stretch of text: an added token by its id, or text between two of them (id null). */
export interface Segment {
  id: number | null;
  from: number;
  to: number;
}

interface Known extends AddedTokenJson {
  /** As it stands in the text that is searched. */
  spelled: string;
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const space = /\p{White_Space}/u;

/** Finds added tokens in text: leftmost first, then longest, as the Rust library does. */
export class AddedTokens {
  readonly #known: readonly Known[];
  readonly #trie: Trie;
  /** Every place where a token may begin: its first unit, followed by its second. */
  readonly #begins: RegExp;

  /** `spell` gives a token as it stands in the text that is searched. */
  constructor(tokens: readonly AddedTokenJson[], spell: (token: AddedTokenJson) => string) {
    this.#known = tokens.map((token) => ({ ...token, spelled: spell(token) })).filter(({ spelled }) => spelled !== "");
    // Of two that are spelled alike the first is found.
    this.#trie = new Trie(this.#known.map(({ spelled }, i) => [spelled, i] as const).reverse());
    const seconds = new Map<number, Set<number> | null>();
    for (const { spelled } of this.#known) {
      const [first, second] = [spelled.charCodeAt(0), spelled.charCodeAt(1)];
      if (spelled.length === 1) seconds.set(first, null);
      else if (seconds.get(first) !== null) seconds.set(first, (seconds.get(first) ?? new Set()).add(second));
    }
    const unit = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;
    const single = [...seconds].filter(([, after]) => after === null).map(([first]) => unit(first));
    const ways = single.length === 0 ? [] : [`[${single.join("")}]`];
    for (const [first, after] of seconds) {
      if (after !== null) ways.push(`${unit(first)}(?=[${[...after].map(unit).join("")}])`);
    }
    this.#begins = new RegExp(ways.join("|"), "g");
  }

  /** How many there are. */
  get size(): number {
    return this.#known.length;
  }

  /** The text as stretches, in order; those without text are left out. */
  split(text: string): Segment[] {
    const segments: Segment[] = [];
    let start = 0;
    for (let at = 0; this.size > 0; ) {
      this.#begins.lastIndex = at;
      const candidate = this.#begins.exec(text);
      if (candidate === null) break;
      const token = this.#longestAt(text, candidate.index);
      if (token === null) {
        at = candidate.index + 1;
        continue;
      }
      at = candidate.index + token.spelled.length;
      const place = widen(text, token, candidate.index, at, start);
      if (place === null) continue;
      if (start < place.from) segments.push({ id: null, from: start, to: place.from });
      segments.push(place);
      start = place.to;
    }
    if (start < text.length) segments.push({ id: null, from: start, to: text.length });
    return segments;
  }

  #longestAt(text: string, at: number): Known | null {
    let found = -1;
    for (let node = 0, i = at; i < text.length; i++) {
      const place = this.#trie.find(node, text.charCodeAt(i));
      if (place < 0) break;
      node = this.#trie.next(place);
      if (this.#trie.value(place) >= 0) found = this.#trie.value(place);
    }
    return found < 0 ? null : this.#known[found]!;
  }
}

/** The place of a token with the spaces that it takes along; null where it must stand alone and does not. */
function widen(text: string, token: Known, begin: number, end: number, start: number): Segment | null {
  if (token.single_word === true) {
    const before = text.slice(Math.max(0, begin - 2), begin);
    if (wordBefore.test(before) || wordAfter.test(text.slice(end, end + 2))) return null;
  }
  let [from, to] = [begin, end];
  if (token.lstrip === true) while (from > start && space.test(text[from - 1]!)) from--;
  if (token.rstrip === true) while (to < text.length && space.test(text[to]!)) to++;
  return { id: token.id, from, to };
}
