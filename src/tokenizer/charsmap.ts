// SentencePiece's table of replacements ("precompiled charsmap": NFKC and the like) and its two readings: SentencePiece's,
// which replaces the longest match at each place, and that of Hugging Face's libraries, which goes by grapheme clusters.
//
// The table: u32 size of the trie in bytes, the trie (a double array of u32 units, as darts-clone writes it), then the
// replacements as UTF-8 that ends with zeros. The trie goes from a character's bytes to a place among the replacements.
import { invalidFile } from "../errors.ts";

const encoder = new TextEncoder();

/** Longest replacement, in bytes; NFKC's longest has 33. */
const longestText = 128;

/** Units of code that no replacement can begin with, so that runs of ASCII are passed over at once. */
type PlainAscii = readonly boolean[];

/** A table of replacements. */
export class Charsmap {
  readonly #where: string;
  readonly #units: Uint32Array;
  readonly #texts: Uint8Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #plain: PlainAscii;
  readonly #graphemes = new Map<string, string>();

  /** @throws HandheldError `invalid-file` when the table is cut off; `where` prefixes it */
  constructor(table: Uint8Array, where: string) {
    this.#where = where;
    const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
    const size = table.byteLength >= 4 ? view.getUint32(0, true) : 0;
    if (size < 4 || size % 4 !== 0 || size + 4 > table.byteLength) {
      throw invalidFile(where, "its table of replacements (precompiled_charsmap) is damaged");
    }
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.#texts = table.slice(4 + size);
    // A carriage return may be one grapheme with the line feed after it.
    this.#plain = Array.from({ length: 128 }, (_, c) => c !== 13 && this.#find(Uint8Array.of(c), 0) === null);
  }

  /** The text with the longest match at each place replaced. */
  replaceLongest(text: string): string {
    return this.#replaceRuns(text, (run) => {
      const bytes = encoder.encode(run);
      let out = "";
      for (let at = 0; at < bytes.length; ) {
        const match = this.#find(bytes, at, true);
        const end = match === null ? at + characterBytes(bytes[at]!) : match.end;
        out += match === null ? this.#decoder.decode(bytes.subarray(at, end)) : this.#textAt(match.value);
        at = end;
      }
      return out;
    });
  }

  /** The text with its grapheme clusters, or else its characters, replaced by what their shortest match becomes. */
  replaceGraphemes(text: string): string {
    return this.#replaceRuns(text, (run) => {
      let out = "";
      for (const { segment } of segmenter().segment(run)) out += this.#graphemes.get(segment) ?? this.#learn(segment);
      return out;
    });
  }

  #learn(grapheme: string): string {
    const whole = encoder.encode(grapheme);
    const replace = (bytes: Uint8Array): string | null => {
      const match = this.#find(bytes, 0);
      return match === null ? null : this.#textAt(match.value);
    };
    let out = whole.length < 6 ? replace(whole) : null;
    if (out === null) {
      out = "";
      for (const char of grapheme) out += replace(encoder.encode(char)) ?? char;
    }
    if (this.#graphemes.size >= 20_000) this.#graphemes.clear();
    if (grapheme.length < 16) this.#graphemes.set(grapheme, out);
    return out;
  }

  // Plain ASCII followed by ASCII stays; the stretches between go through `replace`.
  #replaceRuns(text: string, replace: (run: string) => string): string {
    let out = "";
    let plainFrom = 0;
    for (let at = 0; at < text.length; ) {
      if (this.#isPlain(text, at)) {
        at++;
        continue;
      }
      let end = at + 1;
      while (end < text.length && !this.#isPlain(text, end)) end++;
      out += text.slice(plainFrom, at) + replace(text.slice(at, end));
      plainFrom = at = end;
    }
    return plainFrom === 0 ? text : out + text.slice(plainFrom);
  }

  #isPlain(text: string, at: number): boolean {
    const unit = text.charCodeAt(at);
    return unit < 128 && this.#plain[unit]! && !(text.charCodeAt(at + 1) >= 128);
  }

  /** The shortest or the longest key that the bytes go on with. */
  #find(bytes: Uint8Array, from: number, longest = false): { value: number; end: number } | null {
    const units = this.#units;
    let found: { value: number; end: number } | null = null;
    let node = offsetOf(units[0]!);
    for (let at = from; at < bytes.length && bytes[at] !== 0; at++) {
      node ^= bytes[at]!;
      const unit = units[node];
      if (unit === undefined || (unit & 0x800000ff) !== bytes[at]) break;
      node ^= offsetOf(unit);
      if (((unit >>> 8) & 1) === 1) {
        found = { value: (units[node] ?? 0) & 0x7fffffff, end: at + 1 };
        if (!longest) break;
      }
    }
    return found;
  }

  #textAt(begin: number): string {
    const found = this.#texts.indexOf(0, begin);
    const end = found === -1 ? this.#texts.length : found;
    if (end - begin > longestText) {
      throw invalidFile(this.#where, `a replacement in precompiled_charsmap has ${end - begin} bytes; it is damaged`);
    }
    return this.#decoder.decode(this.#texts.subarray(begin, end));
  }
}

let shared: Intl.Segmenter | undefined;

function segmenter(): Intl.Segmenter {
  shared ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return shared;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function characterBytes(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}
