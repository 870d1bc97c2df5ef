// What the tests of constrained decoding share: small grammars, vocabularies, and random decoding.

import { expect } from "vitest";
import { getCallFormat } from "../formats/registry.ts";
import type { Random } from "../generator/random.ts";
import type { FunctionSchema, ParameterSchema } from "../types.ts";
import type { Automaton, Grammar, GrammarOptions, State, TokenConstraint } from "./types.ts";

export const utf8 = new TextEncoder();
export const decoder = new TextDecoder("utf-8", { fatal: true });

/** The state after `text`, or null. */
export function run(automaton: Automaton, text: string): State | null {
  let state: State | null = automaton.start;
  for (const byte of utf8.encode(text)) state = state && automaton.next(state, byte);
  return state;
}

/** Whether `text` is a whole answer. */
export function accepts(grammar: Grammar, text: string, query?: string): boolean {
  const automaton = grammar.automaton(query);
  const state = run(automaton, text);
  return state !== null && automaton.accepts(state);
}

const oneParameter = (schema: ParameterSchema, required: string[] = []): FunctionSchema[] => [
  { name: "f", parameters: { type: "object", properties: { x: schema }, required } },
];

/** A code_short grammar of one function f with one parameter x. */
export const grammarOf = (schema: ParameterSchema, options?: GrammarOptions): Grammar =>
  getCallFormat("code_short").grammar(oneParameter(schema, ["x"]), options);

/** A vocabulary of all bytes, merges of text, and `special` tokens; the last id is eos. */
export function vocabularyOf(special: readonly string[], words: readonly string[], random: Random) {
  const tokens: (Uint8Array | null)[] = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i));
  const add = (bytes: Uint8Array) => tokens.push(bytes);
  for (const word of words) {
    const bytes = utf8.encode(` ${word}`);
    for (let i = 0; i < 3; i++) {
      const from = random.integer(0, bytes.length - 1);
      add(bytes.slice(from, from + random.integer(1, 6)));
    }
  }
  for (const text of ['="', '","', ' "', "8,", "12", '")', "\n", '="x', "resul"]) add(utf8.encode(text));
  tokens.push(null);
  // Like a tokenizer, one id for `)` as structure and as text.
  const atomic = special.map((text) => (text.length === 1 ? text.charCodeAt(0) : add(utf8.encode(text)) - 1));
  tokens.push(null);
  return { vocabulary: tokens, atomic, eos: tokens.length - 1 };
}

/** Tokens allowed after `bytes`, found without a trie, cache or mask. */
export function allowedByHand(
  automaton: Automaton,
  state: State,
  { vocabulary, eos }: { vocabulary: readonly (Uint8Array | null)[]; eos: number },
): number[] {
  return vocabulary.flatMap((bytes, id) => {
    if (id === eos) return automaton.accepts(state) ? [id] : [];
    if (!bytes) return [];
    let at: State | null = state;
    for (const byte of bytes) at = at && automaton.next(at, byte);
    return at ? [id] : [];
  });
}

/** Random tokens until the end; returns the text. */
export function decodeRandomly(
  constraint: TokenConstraint,
  vocabulary: readonly (Uint8Array | null)[],
  random: Random,
) {
  const bytes: number[] = [];
  for (let step = 0; !constraint.done; step++) {
    expect(step, "an answer ends").toBeLessThan(5000);
    const mask = constraint.allowed();
    const ids = mask.ids();
    expect(ids.length).toBe(mask.count);
    const id = constraint.forced() ?? (random.pick([...ids]) as number);
    constraint.accept(id);
    bytes.push(...(vocabulary[id] ?? []));
  }
  return decoder.decode(Uint8Array.from(bytes));
}
