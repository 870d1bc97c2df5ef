// The template language in which phrasings are written. A template is a line of words separated by spaces, with
//   {slot}         a value, drawn from the slot of that name (slots/index.ts); `{email:cc}` draws from slot `email`
//                  and binds the value to the name `cc`;
//   (a|b c|)       one of the alternatives, each with the same chance; an empty one makes the part optional.
// Punctuation sticks to its word: `{name}'s`, `"{message}"`. Groups stand between words, never inside one.

import { HandheldError } from "../../errors.ts";
import type { Random } from "./random.ts";

/** A piece of a word: literal text, or a slot and the name that its value is bound to. */
export type Part = string | { slot: string; binding: string };

/** A word (pieces without a space between them) or a group of alternatives. */
export type Item = { parts: Part[] } | { alternatives: Item[][] };

/** A parsed template. */
export interface Template {
  source: string;
  items: Item[];
}

/** Parses a template; throws invalid-data with the template and the fault. */
export function parseTemplate(source: string): Template {
  const tokens = source.match(/[(|)]|[^\s(|)]+/g) ?? [];
  let at = 0;
  const fail = (fault: string): never => {
    throw new HandheldError("invalid-data", `template "${source}": ${fault}`);
  };
  const sequence = (depth: number): Item[] => {
    const items: Item[] = [];
    for (; at < tokens.length; at++) {
      const token = tokens[at] as string;
      if (token === ")" || token === "|") {
        if (depth === 0) fail(`"${token}" outside a group`);
        break;
      }
      items.push(token === "(" ? group(depth) : { parts: parseWord(token, fail) });
    }
    return items;
  };
  const group = (depth: number): Item => {
    const alternatives: Item[][] = [];
    do {
      at++;
      alternatives.push(sequence(depth + 1));
    } while (tokens[at] === "|");
    if (tokens[at] !== ")") fail('a "(" is not closed');
    return { alternatives };
  };
  return { source, items: sequence(0) };
}

function parseWord(word: string, fail: (fault: string) => never): Part[] {
  const parts: Part[] = [];
  for (const piece of word.split(/(\{[^{}]*\})/)) {
    if (piece === "") continue;
    if (!piece.startsWith("{")) {
      if (/[{}]/.test(piece)) fail(`a brace in "${piece}" has no partner`);
      parts.push(piece);
      continue;
    }
    const match = /^\{([a-z_0-9]+)(?::([a-z_0-9]+))?\}$/.exec(piece);
    if (match === null) return fail(`"${piece}" is not {slot} or {slot:binding}`);
    parts.push({ slot: match[1] as string, binding: match[2] ?? (match[1] as string) });
  }
  return parts;
}

/** Words of one random expansion of a template. */
export function expand(template: Template, random: Random): Part[][] {
  const words: Part[][] = [];
  const walk = (items: Item[]): void => {
    for (const item of items) {
      if ("parts" in item) words.push(item.parts);
      else walk(random.pick(item.alternatives));
    }
  };
  walk(template.items);
  return words;
}

/** All words that some expansion of a template holds, slots left out. */
export function vocabulary(template: Template): Set<string> {
  const words = new Set<string>();
  const walk = (items: Item[]): void => {
    for (const item of items) {
      if ("alternatives" in item) for (const alternative of item.alternatives) walk(alternative);
      else if (item.parts.every((part) => typeof part === "string")) words.add(normalWord(item.parts));
    }
  };
  walk(template.items);
  words.delete("");
  return words;
}

/** A word for comparisons: lower case, no punctuation at its ends, every slot abstracted to `{}`. */
export function normalWord(parts: Part[]): string {
  if (parts.some((part) => typeof part !== "string")) return "{}";
  return parts
    .join("")
    .toLowerCase()
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");
}
