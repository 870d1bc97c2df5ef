// A cursor over the text of an answer: literals shared by the parsers, and errors that say line and column.

import { HandheldError } from "../../errors.ts";
import type { Json } from "../types.ts";

const ESCAPES: { readonly [letter: string]: string } = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Names of functions and arguments: no spaces, quotes, brackets, commas, equals signs. */
const NAME = /[^\s"'`()[\]{}=,;\\]+/y;
const WORD = /\w+/y;
const WORDS: { readonly [word: string]: Json } = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
};
const MAX_DEPTH = 64;

/** Reads tokens and literals of an answer from left to right. */
export class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The error "expected … here", with line and column counted from 1. */
  expected(what: string, at = this.#at): HandheldError {
    const before = this.#text.slice(0, at).split("\n");
    const rest = this.#text.slice(at, at + 12);
    const found = rest === "" ? "the end" : JSON.stringify(rest);
    const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    return new HandheldError("invalid-call", `answer:${place}: expected ${what}, found ${found}`);
  }

  skipSpace(): void {
    while (!this.atEnd && " \t\r\n".includes(this.#text[this.#at] as string)) this.#at++;
  }

  /** Takes `text` after optional space; false, and nothing taken, when something else comes. */
  take(text: string): boolean {
    this.skipSpace();
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  need(text: string): void {
    if (!this.take(text)) throw this.expected(JSON.stringify(text));
  }

  /** The match of `pattern` (sticky) after optional space, taken; undefined when it does not match. */
  match(pattern: RegExp): string | undefined {
    this.skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  name(what: string): string {
    const found = this.match(NAME);
    if (found === undefined) throw this.expected(what);
    return found;
  }

  /** Items until `close`, between commas. */
  list(close: string, item: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw this.expected(`at most ${MAX_DEPTH} levels of nesting`);
    if (!this.take(close)) {
      do item();
      while (this.take(","));
      if (!this.take(close)) throw this.expected(`"," or ${JSON.stringify(close)}`);
    }
    this.#depth--;
  }

  /** A string literal with JSON escapes, without the one raw space that a tokenizer leaves at its start. */
  string(what = "a string"): string {
    this.skipSpace();
    const start = this.#at;
    if (!this.take('"')) throw this.expected(what);
    if (this.#text[this.#at] === " ") this.#at++;
    let out = "";
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.expected("the closing quote of this string", start);
      if (character < " ") throw this.expected("an escaped control character");
      this.#at++;
      if (character === '"') return out;
      out += character === "\\" ? this.#escape() : character;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? "";
    if (letter === "u") {
      const digits = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[\da-f]{4}$/i.test(digits)) throw this.expected("four hexadecimal digits");
      this.#at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) throw this.expected('one of "\\/bfnrtu after a backslash', this.#at - 1);
    return plain;
  }

  /** A JSON or Python literal; with `references`, also a bare `resultN`. */
  value(references: boolean): Json {
    this.skipSpace();
    if (this.#text[this.#at] === '"') return this.string();
    if (this.take("[")) {
      const items: Json[] = [];
      this.list("]", () => items.push(this.value(references)));
      return items;
    }
    if (this.take("{")) return this.#object(references);
    const number = this.match(NUMBER);
    if (number !== undefined) return Number(number);
    return this.#word(references);
  }

  #object(references: boolean): Json {
    const entries: [string, Json][] = [];
    this.list("}", () => {
      const key = this.string("a key");
      this.need(":");
      entries.push([key, this.value(references)]);
    });
    return Object.fromEntries(entries);
  }

  #word(references: boolean): Json {
    const start = this.#at;
    const word = this.match(WORD) ?? "";
    if (Object.hasOwn(WORDS, word)) return WORDS[word] as Json;
    if (references && /^result[1-9]\d*$/.test(word)) return word;
    throw this.expected("a value", start);
  }
}
