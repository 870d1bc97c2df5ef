import { describe, expect, it } from "vitest";
import { callFormats } from "../formats/registry.ts";
import { Random } from "../generator/random.ts";
import { randomCalls, randomFunctions, randomQuery } from "../random-calls.case.ts";
import { validateCalls } from "../validate.ts";
import { accepts, allowedByHand, decodeRandomly, decoder, utf8, vocabularyOf } from "./constrain.case.ts";
import { createConstrainer } from "./constrainer.ts";
import type { Automaton, Constrainer, State } from "./types.ts";

describe.each(Object.values(callFormats))("grammar of $name", (format) => {
  it("takes the rendering of 300 random valid calls", () => {
    const random = new Random(11);
    for (let i = 0; i < 300; i++) {
      const functions = randomFunctions(random);
      const query = randomQuery(random);
      const calls = randomCalls(random, functions, query);
      validateCalls(calls, functions, query);
      const parts = format.parts(calls, functions);
      const grammar = format.grammar(functions);
      expect(accepts(grammar, parts.map((p) => p.text).join(""), query), JSON.stringify({ query, calls })).toBe(true);
      // A tokenizer leaves a space before every value.
      const spaced = parts.map((p) => (p.fixed || p.text.startsWith("result") ? p.text : ` ${p.text}`)).join("");
      expect(accepts(grammar, spaced, query), spaced).toBe(true);
    }
  });

  it.each([false, true])("random tokens parse and validate (special tokens: %s)", (special) => {
    const random = new Random(special ? 13 : 17);
    for (let i = 0; i < 60; i++) {
      const functions = randomFunctions(random);
      const query = randomQuery(random);
      const words = query.split(" ").filter((w) => w !== "" && w.isWellFormed());
      const tokens = vocabularyOf(special ? format.specialTokens(functions) : [], words, random);
      const constrainer = createConstrainer(format.grammar(functions), { ...tokens, maxStringTokens: 6 });
      for (let j = 0; j < 5; j++) {
        const text = decodeRandomly(constrainer.start(query), tokens.vocabulary, random);
        const calls = format.parse(text);
        expect(calls.length).toBeGreaterThan(0);
        validateCalls(calls, functions, query);
      }
    }
  });

  it("masks are what stepping every token through the automaton gives", () => {
    const random = new Random(19);
    for (let i = 0; i < 12; i++) {
      const functions = randomFunctions(random);
      const query = randomQuery(random);
      const tokens = vocabularyOf([], ["play", "jazz", "result1"], random);
      const grammar = format.grammar(functions);
      const constrainer = createConstrainer(grammar, { vocabulary: tokens.vocabulary, eos: tokens.eos });
      checkMasks(constrainer, grammar.automaton(query), query, tokens, random);
    }
  });

  it("with special tokens, allows exactly the pieces that training uses", () => {
    const random = new Random(23);
    for (let i = 0; i < 100; i++) {
      const functions = randomFunctions(random);
      const query = randomQuery(random);
      const calls = randomCalls(random, functions, query);
      const tokens = vocabularyOf(format.specialTokens(functions), [], random);
      const ids = new Map(tokens.atomic.map((id) => [decoder.decode(tokens.vocabulary[id] as Uint8Array), id]));
      const constraint = createConstrainer(format.grammar(functions), tokens).start(query);
      const structural = new Set(tokens.atomic);
      for (const part of format.parts(calls, functions)) {
        if (part.fixed) {
          constraint.accept(ids.get(part.text) as number);
          continue;
        }
        for (const byte of utf8.encode(part.text)) {
          const inside = [...constraint.allowed().ids()].filter((id) => structural.has(id));
          for (const id of inside) expect(tokens.vocabulary[id]?.[0]).not.toBe(0x20);
          constraint.accept(byte);
        }
      }
      constraint.accept(tokens.eos);
      expect(constraint.done).toBe(true);
    }
  });
});

function checkMasks(
  constrainer: Constrainer,
  automaton: Automaton,
  query: string,
  tokens: { vocabulary: readonly (Uint8Array | null)[]; eos: number },
  random: Random,
): void {
  const constraint = constrainer.start(query);
  let state: State = automaton.start;
  for (let step = 0; step < 60 && !constraint.done; step++) {
    const mask = constraint.allowed();
    expect([...mask.ids()]).toEqual(allowedByHand(automaton, state, tokens));
    const written = new Uint32Array(mask.bits.length).fill(0x12345678);
    mask.writeBits(written);
    expect(written).toEqual(mask.bits);
    for (const id of mask.ids()) expect((((mask.bits[id >> 5] as number) >>> (id & 31)) & 1) === 1).toBe(true);
    const id = random.pick([...mask.ids()]);
    constraint.accept(id);
    for (const byte of tokens.vocabulary[id] ?? []) state = automaton.next(state, byte) as State;
  }
}
