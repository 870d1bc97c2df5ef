// Reads the literals of JSON and of Python wherever a text has them: either quote, tuples, trailing commas, True and None.
// Never throws: what is no literal is null in place of a result.
import type { Json } from "../../functions/types.ts";

/** A literal and the offset behind it. */
export interface Literal {
  value: Json;
  end: number;
}

const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[\p{L}_][\p{L}\p{N}_.-]*/uy;
const space = /(?:\s|\/\/[^\n]*\n)*/y;
const words = new Map<string, Json>([
  ...["true", "True"].map((text) => [text, true] as const),
  ...["false", "False"].map((text) => [text, false] as const),
  ...["null", "None", "none", "undefined"].map((text) => [text, null] as const),
]);
const escapes = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["b", "\b"],
  ["f", "\f"],
]);
const deepest = 64;

/** The literal at `at`, after white space; null where there is none. A bare word is a text where `bare` allows it. */
export function readLiteral(text: string, at: number, bare: (word: string) => boolean, depth = 0): Literal | null {
  const begin = skipSpace(text, at);
  const first = text[begin] ?? "";
  if (depth > deepest) return null;
  if (first === '"' || first === "'") return readString(text, begin);
  if (first === "[" || first === "(") return readList(text, begin, first === "[" ? "]" : ")", bare, depth);
  if (first === "{") return readObject(text, begin, bare, depth);
  const digits = match(number, text, begin);
  if (digits !== "") return { value: Number(digits), end: begin + digits.length };
  const name = match(word, text, begin);
  if (words.has(name)) return { value: words.get(name)!, end: begin + name.length };
  return name !== "" && bare(name) ? { value: name, end: begin + name.length } : null;
}

/** The offset of the first character at or behind `at` that is not white space. */
export function skipSpace(text: string, at: number): number {
  return at + match(space, text, at).length;
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

function readString(text: string, begin: number): Literal | null {
  const quote =
    text.startsWith('"""', begin) || text.startsWith("'''", begin) ? text.slice(begin, begin + 3) : text[begin]!;
  let value = "";
  for (let at = begin + quote.length; at < text.length; at++) {
    if (text.startsWith(quote, at)) return { value, end: at + quote.length };
    if (text[at] !== "\\") {
      value += text[at];
      continue;
    }
    const letter = text[++at] ?? "";
    const code = /^[\da-fA-F]{4}$/.test(text.slice(at + 1, at + 5)) ? text.slice(at + 1, at + 5) : "";
    if (letter === "u" && code !== "") at += 4;
    value +=
      letter === "u" && code !== "" ? String.fromCharCode(Number.parseInt(code, 16)) : (escapes.get(letter) ?? letter);
  }
  return null;
}

type Bare = (word: string) => boolean;

function readList(text: string, begin: number, close: string, bare: Bare, depth: number): Literal | null {
  const value: Json[] = [];
  for (let at = begin + 1; ; ) {
    at = skipSpace(text, at);
    if (text[at] === close) return { value, end: at + 1 };
    const item = readLiteral(text, at, bare, depth + 1);
    if (!item) return null;
    value.push(item.value);
    at = afterComma(text, item.end, close);
    if (at < 0) return null;
  }
}

function readObject(text: string, begin: number, bare: Bare, depth: number): Literal | null {
  const entries: [string, Json][] = [];
  for (let at = begin + 1; ; ) {
    at = skipSpace(text, at);
    if (text[at] === "}") return { value: Object.fromEntries(entries), end: at + 1 };
    const key = readLiteral(text, at, () => true, depth + 1);
    const colon = key ? skipSpace(text, key.end) : -1;
    if (!key || text[colon] !== ":") return null;
    const item = readLiteral(text, colon + 1, bare, depth + 1);
    if (!item) return null;
    entries.push([String(key.value), item.value]);
    at = afterComma(text, item.end, "}");
    if (at < 0) return null;
  }
}

/** Behind a comma, or at the closing bracket; −1 where something else comes. */
function afterComma(text: string, at: number, close: string): number {
  const next = skipSpace(text, at);
  if (text[next] === ",") return next + 1;
  return text[next] === close ? next : -1;
}
