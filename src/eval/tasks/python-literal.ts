// Python literals (lists, tuples, dictionaries, texts, numbers), as data sets and templates hold them in a text: what
// ast.literal_eval reads, but sets, bytes and complex numbers.
import { HandheldError } from "../../errors.ts";

const deepest = 200;
const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\u0007",
  "0": "\0",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

/**
 * The value of a literal; tuples become lists.
 *
 * @throws HandheldError `invalid-data` for what is none
 * @example
 * ```ts
 * parsePythonLiteral("['it\\'s', None, {'a': 1}]"); // ["it's", null, { a: 1 }]
 * ```
 */
export function parsePythonLiteral(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): unknown {
    this.#space();
    if (depth > deepest) throw this.#fail("is nested too deeply");
    const next = this.#text[this.#at];
    if (next === "[" || next === "(") return this.#list(next === "[" ? "]" : ")", depth);
    if (next === "{") return this.#dictionary(depth);
    if (next === "'" || next === '"') return this.#strings();
    const word = /[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z]+/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0];
    if (found === undefined) throw this.#fail("has something else than a literal");
    this.#at += found.length;
    const constants = new Map<string, unknown>([
      ["None", null],
      ["True", true],
      ["False", false],
    ]);
    if (constants.has(found)) return constants.get(found);
    const number = Number(found.replaceAll("_", ""));
    if (Number.isNaN(number)) throw this.#fail(`has the name ${found}`);
    return number;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#fail("goes on behind the literal");
  }

  #list(close: string, depth: number): unknown[] {
    this.#at++;
    const items: unknown[] = [];
    while (!this.#take(close)) {
      items.push(this.value(depth + 1));
      if (!this.#take(",")) {
        if (!this.#take(close)) throw this.#fail(`lacks "," or "${close}"`);
        return close === ")" && items.length === 1 ? (items[0] as unknown[]) : items;
      }
    }
    return items;
  }

  #dictionary(depth: number): Record<string, unknown> {
    this.#at++;
    const entries: [string, unknown][] = [];
    while (!this.#take("}")) {
      const key = String(this.value(depth + 1));
      if (!this.#take(":")) throw this.#fail('lacks ":"');
      entries.push([key, this.value(depth + 1)]);
      if (!this.#take(",")) {
        if (!this.#take("}")) throw this.#fail('lacks "," or "}"');
        break;
      }
    }
    return Object.fromEntries(entries);
  }

  // Texts that follow each other are one.
  #strings(): string {
    let text = "";
    for (;;) {
      const quote = this.#text[this.#at];
      if (quote !== "'" && quote !== '"') return text;
      text += this.#string(quote);
      this.#space();
    }
  }

  #string(quote: string): string {
    let text = "";
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === quote) {
        this.#at++;
        return text;
      }
      text += character === "\\" ? this.#escape() : character;
    }
    throw this.#fail("has a text without an end");
  }

  #escape(): string {
    const kind = this.#text[++this.#at] ?? "";
    const digits = { x: 2, u: 4, U: 8 }[kind];
    if (digits === undefined) return escapes[kind] ?? `\\${kind}`;
    const hex = this.#text.slice(this.#at + 1, this.#at + 1 + digits);
    this.#at += digits;
    if (!/^[0-9a-f]+$/i.test(hex) || Number.parseInt(hex, 16) > 0x10ffff) throw this.#fail("has a bad escape");
    return String.fromCodePoint(Number.parseInt(hex, 16));
  }

  #take(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #fail(reason: string): HandheldError {
    const near = JSON.stringify(this.#text.slice(this.#at, this.#at + 20));
    return new HandheldError("invalid-data", `a Python literal ${reason} at character ${this.#at + 1}, before ${near}`);
  }
}
