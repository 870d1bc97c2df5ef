import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { ANDROID_CATALOGUE } from "../catalogue/index.ts";
import { getCallFormat } from "../formats/registry.ts";
import { Random } from "../generator/random.ts";
import type { Call } from "../types.ts";
import { decodeRandomly, decoder, grammarOf, utf8, vocabularyOf } from "./constrain.case.ts";
import { createConstrainer } from "./constrainer.ts";
import { applyMask } from "./mask.ts";

describe("TokenConstraint", () => {
  const functions = ANDROID_CATALOGUE;
  const format = getCallFormat("code_short");
  const tokens = vocabularyOf(format.specialTokens(functions), ["wake", "me"], new Random(3));
  const constrainer = createConstrainer(format.grammar(functions), tokens);
  const idOf = (text: string) =>
    tokens.atomic.find((id) => decoder.decode(tokens.vocabulary[id] as Uint8Array) === text) as number;

  it("forces what has no choice, and ends", () => {
    const constraint = constrainer.start("show my alarms");
    expect(constraint.forced()).toBeNull();
    constraint.accept(idOf("show_alarms("));
    expect(constraint.forced()).toBe(idOf(")"));
    constraint.accept(idOf(")"));
    expect(new Set(constraint.allowed().ids())).toEqual(new Set([tokens.eos, idOf("\n")]));
    constraint.accept(tokens.eos);
    expect(constraint.done).toBe(true);
    expect(constraint.forced()).toBe(tokens.eos);
  });

  it("clones are independent", () => {
    const one = constrainer.start("wake me at 8");
    one.accept(idOf("set_alarm("));
    const two = one.clone();
    one.accept(idOf("hour="));
    two.accept(idOf("minute="));
    expect([...one.allowed().ids()]).toContain("2".charCodeAt(0));
    one.accept("2".charCodeAt(0));
    expect(one.allowed().has("4".charCodeAt(0))).toBe(false);
    two.accept("2".charCodeAt(0));
    expect(two.allowed().has("4".charCodeAt(0))).toBe(true);
  });

  it("refuses a token that is not allowed, and keeps its state", () => {
    const constraint = constrainer.start("x");
    for (const id of [idOf(")"), tokens.eos, -1, 1e9, 0.5]) expect(() => constraint.accept(id)).toThrow(HandheldError);
    constraint.accept(idOf("web_search("));
    expect(constraint.forced()).not.toBe(tokens.eos);
  });

  it("does not leak one query's spans into the next", () => {
    const first = (query: string) => {
      const constraint = constrainer.start(query);
      constraint.accept(idOf("web_search("));
      constraint.accept(idOf('query="'));
      return [...constraint.allowed().ids()].map((id) => decoder.decode(tokens.vocabulary[id] as Uint8Array));
    };
    expect(first("a b")).toEqual(expect.arrayContaining(["a", "b"]));
    expect(first("c")).not.toContain("a");
  });

  it("closes a free string after maxStringTokens", () => {
    const grammar = grammarOf({ type: "string" });
    const constraint = createConstrainer(grammar, { ...tokens, atomic: [], maxStringTokens: 3 }).start();
    for (const byte of utf8.encode('f(x="')) constraint.accept(byte);
    for (let i = 0; i < 3; i++) constraint.accept("a".charCodeAt(0));
    expect(constraint.allowed().has("a".charCodeAt(0))).toBe(false);
    for (const id of constraint.allowed().ids())
      expect(decoder.decode(tokens.vocabulary[id] as Uint8Array)).toContain('"');
  });

  it("spells structure in bytes where the vocabulary lacks a special token", () => {
    const partial = { ...tokens, atomic: [idOf("dial(")] };
    const text = decodeRandomly(
      createConstrainer(format.grammar(functions.filter((f) => f.name === "set_alarm")), partial).start("x"),
      tokens.vocabulary,
      new Random(5),
    );
    expect((format.parse(text)[0] as Call).name).toBe("set_alarm");
  });

  it("lets values hold the brackets that are structure too", () => {
    const constraint = constrainer.start("call (825) now");
    constraint.accept(idOf("dial("));
    constraint.accept(idOf('phone_number="'));
    for (const byte of utf8.encode(" (825)")) constraint.accept(byte);
    const next = [...constraint.allowed().ids()].map((id) => decoder.decode(tokens.vocabulary[id] as Uint8Array));
    expect(new Set(next)).toEqual(new Set(['")']));
  });

  it("never allows ids without bytes", () => {
    const vocabulary = [...tokens.vocabulary.slice(0, 256), new Uint8Array(0), null, undefined, null];
    const constraint = createConstrainer(grammarOf({ type: "string" }), { vocabulary, eos: 259 }).start();
    for (const byte of utf8.encode('f(x="')) constraint.accept(byte);
    for (const id of [256, 257, 258]) expect(constraint.allowed().has(id)).toBe(false);
  });

  it("says so when the vocabulary cannot spell the answer", () => {
    const constraint = createConstrainer(grammarOf({ type: "boolean" }), {
      vocabulary: [utf8.encode("f("), null],
      eos: 1,
    }).start();
    constraint.accept(0);
    expect(() => constraint.allowed()).toThrow("no token of this vocabulary continues");
    expect(() => createConstrainer(grammarOf({ type: "boolean" }), { vocabulary: [], eos: 0 })).toThrow("eos 0");
  });
});

describe("applyMask", () => {
  it.each([1, 40, 200])("leaves the logits of %i allowed tokens out of 300 alone", (count) => {
    const vocabulary = Array.from({ length: 299 }, (_, i) => utf8.encode(i < count ? "f(x=true)" : "no"));
    const mask = createConstrainer(grammarOf({ type: "boolean" }), { vocabulary: [...vocabulary, null], eos: 299 })
      .start()
      .allowed();
    const logits = Float32Array.from({ length: 300 }, (_, i) => i);
    applyMask(logits, mask);
    expect(mask.count).toBe(count);
    expect([...logits]).toEqual(Array.from({ length: 300 }, (_, i) => (i < count ? i : Number.NEGATIVE_INFINITY)));
  });
});
