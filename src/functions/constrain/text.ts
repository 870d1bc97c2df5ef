// Frames of values that are not literals: free strings, strings copied from the query, and numbers.

import { type CopyFormat, type Stretch, stretches } from "../copy-formats.ts";
import { spanEdges } from "../spans.ts";
import { canStart, type DecimalRange, isDecimal } from "./decimal.ts";
import { type Frame, PLAIN } from "./frame.ts";
import type { TokenTrie } from "./vocabulary.ts";

const utf8 = new TextEncoder();
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Characters that stand for themselves in JSON, as one byte. */
const PLAIN_ASCII = /[ !#-[\]-~]/;
const ESCAPABLE = new Set([...'"\\/bfnrt'].map((c) => c.charCodeAt(0)));

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);

/** Inside an escape: what follows the backslash, or `left` hexadecimal digits. */
const ESCAPE: Frame = {
  ...PLAIN,
  key: "s\\",
  content: true,
  step: (byte) => (ESCAPABLE.has(byte) ? [FREE_TEXT] : byte === 0x75 ? [hexDigits(4)] : null),
};

function hexDigits(left: number): Frame {
  const after = (): Frame => (left === 1 ? FREE_TEXT : hexDigits(left - 1));
  return { ...PLAIN, key: `su${left}`, content: true, step: (byte) => (isHex(byte) ? [after()] : null) };
}

/** Inside a character of several bytes: the next byte lies in `[low, high]`, then `left` continuation bytes follow. */
function continuation(low: number, high: number, left: number): Frame {
  const after = (): Frame => (left === 0 ? FREE_TEXT : continuation(0x80, 0xbf, left - 1));
  const step = (byte: number) => (byte >= low && byte <= high ? [after()] : null);
  return { ...PLAIN, key: `s${low}-${high}+${left}`, content: true, step };
}

/** What must follow the first byte of a character (Unicode 15, table 3-7); null for a byte that starts none. */
function multibyte(byte: number): Frame | null {
  if (byte >= 0xc2 && byte <= 0xdf) return continuation(0x80, 0xbf, 0);
  if (byte >= 0xe0 && byte <= 0xef) return continuation(byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf, 1);
  if (byte >= 0xf0 && byte <= 0xf4) return continuation(byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf, 2);
  return null;
}

function stepFreeText(byte: number): readonly Frame[] | null {
  if (byte === QUOTE) return [];
  if (byte === BACKSLASH) return [ESCAPE];
  if (byte >= SPACE && byte < 0x80) return [FREE_TEXT];
  const frame = multibyte(byte);
  return frame ? [frame] : null;
}

/** The inside of a JSON string up to and with its closing quote: any text. */
export const FREE_TEXT: Frame = { ...PLAIN, key: "s", content: true, freeText: true, step: stepFreeText };

/**
 * The inside of a string that is copied from the query, up to and with its closing quote. A placeholder: an Automaton
 * puts `Copy` or FREE_TEXT in its place. `references` are names of results that may stand here as text; with a `format`
 * only what has it is copied.
 */
export class Extractive implements Frame {
  readonly key: string;
  readonly content = true;
  readonly complete = false;
  readonly accepts = false;
  readonly scope = "placeholder";
  readonly freeText = false;
  readonly references: readonly string[];
  readonly format: CopyFormat | undefined;

  constructor(references: readonly string[], format: CopyFormat | undefined) {
    this.references = references;
    this.format = format;
    this.key = `x${format ?? ""}:${references.join()}`;
  }

  step(): null {
    return null;
  }
}

/** The escaped bytes of a query (and of reference names after it), with the edges of spans as byte offsets. */
export interface CopySource {
  id: string;
  bytes: Uint8Array;
  starts: number[];
  ends: ReadonlySet<number>;
}

/** Where the value of an extractive string may be copied from. Without a word to copy, only the empty string remains. */
export function copySource(query: string, { references, format, key: id }: Extractive): CopySource {
  // No word ends in the space after the last one: copying into it would lead nowhere.
  const text = query.trimEnd();
  const found: Stretch[] = format ? stretches(text, format) : [];
  const parts: Stretch[] = [
    ...(found.length > 0 ? found : [{ text, ...spanEdges(query) }]),
    ...references.map((name) => ({ text: name, starts: [0], ends: [name.length] })),
  ];
  const bytes: number[] = [];
  const starts: number[] = [];
  const ends = new Set<number>();
  for (const part of parts) {
    const offsets: number[] = [];
    let at = 0;
    for (const character of part.text) {
      for (let j = 0; j < character.length; j++) offsets[at++] = bytes.length;
      if (PLAIN_ASCII.test(character)) bytes.push(character.charCodeAt(0));
      else bytes.push(...utf8.encode(JSON.stringify(character).slice(1, -1)));
    }
    offsets[at] = bytes.length;
    for (const start of part.starts) starts.push(offsets[start] as number);
    for (const end of part.ends) ends.add(offsets[end] as number);
    bytes.push(0);
  }
  return { id, bytes: Uint8Array.from(bytes), starts, ends };
}

/** Copying: `positions` are the places in the source at which the text so far may have arrived. */
class Copy implements Frame {
  readonly key: string;
  readonly content = true;
  readonly complete = false;
  readonly accepts = false;
  readonly scope = "query";
  readonly freeText = false;
  readonly #source: CopySource;
  readonly #positions: readonly number[];
  readonly #space: boolean;
  readonly #closes: boolean;

  constructor(source: CopySource, positions: readonly number[], space: boolean, closes: boolean) {
    this.key = `${source.id}:${space ? "_" : ""}${closes ? "." : ""}${positions.join()}`;
    this.#source = source;
    this.#positions = positions;
    this.#space = space;
    this.#closes = closes;
  }

  get bytes(): Iterable<number> {
    const { bytes } = this.#source;
    return [QUOTE, SPACE, ...this.#positions.map((at) => bytes[at] as number)];
  }

  staying(trie: TokenTrie): ReadonlySet<number> {
    const { bytes } = this.#source;
    const found = new Set<number>();
    for (const at of this.#positions) {
      if (bytes[at] === 0) continue;
      trie.follow(bytes, at, -1, found);
      if (this.#space) trie.follow(bytes, at, SPACE, found);
    }
    return found;
  }

  step(byte: number): readonly Frame[] | null {
    if (byte === QUOTE && this.#closes) return [];
    if (byte === SPACE && this.#space) {
      return [new Copy(this.#source, this.#positions, false, this.#closes)];
    }
    const { bytes, ends } = this.#source;
    const next: number[] = [];
    for (const at of this.#positions) if (bytes[at] === byte && byte !== 0) next.push(at + 1);
    if (next.length === 0) return null;
    return [
      new Copy(
        this.#source,
        next,
        false,
        next.some((at) => ends.has(at)),
      ),
    ];
  }
}

/** The start of a string copied from `source`. */
export function copyFrom(source: CopySource): Frame {
  return new Copy(source, source.starts, true, source.starts.length === 0);
}

/** Digits that stand for all numbers of the same shape, where no bound tells them apart: 307 and 111 go on alike. */
function shape(prefix: string): string {
  return prefix.replace(/[1-9].*/, (rest) => rest.replace(/\d/g, "1"));
}

const DECIMAL_BYTES = [..." -.0123456789"].map((c) => c.charCodeAt(0));

/** A number of `range`, after at most one space; `id` identifies the range. */
export function decimal(id: number, range: DecimalRange, prefix = "", spaced = false): Frame {
  return {
    ...PLAIN,
    key: `n${id}:${spaced && prefix === "" ? "_" : prefix}`,
    content: true,
    complete: isDecimal(prefix, range),
    bytes: DECIMAL_BYTES,
    step(byte) {
      if (byte === SPACE && prefix === "" && !spaced) return [decimal(id, range, "", true)];
      if (byte === SPACE || !DECIMAL_BYTES.includes(byte)) return null;
      const text = prefix + String.fromCharCode(byte);
      const longer = range.bounded ? text : shape(text);
      if (!canStart(longer, range)) return null;
      return [decimal(id, range, longer, spaced)];
    },
  };
}
