import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { ANDROID_CATALOGUE } from "../catalogue/index.ts";
import { callFormats, getCallFormat } from "../formats/registry.ts";
import { Random } from "../generator/random.ts";
import { HOSTILE, randomCalls, randomFunctions, randomQuery } from "../random-calls.case.ts";
import type { Call, FunctionSchema, ParameterSchema } from "../types.ts";
import { validateCalls } from "../validate.ts";
import { createConstrainer } from "./constrainer.ts";
import type { Automaton, Constrainer, Grammar, GrammarOptions, State, TokenConstraint } from "./types.ts";

const utf8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The state after `text`, or null. */
function run(automaton: Automaton, text: string): State | null {
  let state: State | null = automaton.start;
  for (const byte of utf8.encode(text)) state = state && automaton.next(state, byte);
  return state;
}

/** Whether `text` is a whole answer. */
function accepts(grammar: Grammar, text: string, query?: string): boolean {
  const automaton = grammar.automaton(query);
  const state = run(automaton, text);
  return state !== null && automaton.accepts(state);
}

const oneParameter = (schema: ParameterSchema, required: string[] = []): FunctionSchema[] => [
  { name: "f", parameters: { type: "object", properties: { x: schema }, required } },
];

/** A code_short grammar of one function f with one parameter x. */
const grammarOf = (schema: ParameterSchema, options?: GrammarOptions): Grammar =>
  getCallFormat("code_short").grammar(oneParameter(schema, ["x"]), options);

/** A vocabulary of all bytes, merges of text, and `special` tokens; the last id is eos. */
function vocabularyOf(special: readonly string[], words: readonly string[], random: Random) {
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
function allowedByHand(
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
function decodeRandomly(constraint: TokenConstraint, vocabulary: readonly (Uint8Array | null)[], random: Random) {
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
    for (const id of mask.ids()) expect((((mask.bits[id >> 5] as number) >>> (id & 31)) & 1) === 1).toBe(true);
    const id = random.pick([...mask.ids()]);
    constraint.accept(id);
    for (const byte of tokens.vocabulary[id] ?? []) state = automaton.next(state, byte) as State;
  }
}

describe("values", () => {
  it.each<[ParameterSchema, string[], string[]]>([
    [
      { type: "integer", minimum: 0, maximum: 23 },
      ["0", "8", " 23"],
      ["24", "08", "-1", "1.0", "  8", '"8"', "1e1", ""],
    ],
    [{ type: "number", minimum: -1, maximum: 1 }, ["-0.5", "1", " 0.25", "1.0"], ["1.1", "-2", ".5", "1.", "-0"]],
    [{ type: "boolean" }, ["true", " false"], ["True", "1", "tru"]],
    [{ type: "integer", enum: [1, 12] }, ["1", "12", " 12"], ["2", "121", '"1"']],
    [
      { type: "string", enum: ["on", "only", 'a"b'] },
      ['"on"', '"only"', '" on"', '"a\\"b"'],
      ['"o"', '"onl"', "on", '"  on"'],
    ],
    [{ type: "string" }, ['""', '"é👍"', '" x"', '"\\n\\u00e9\\""'], ['"', '"\n"', '"\\x"', "x", "'x'"]],
    [
      { type: "array", items: { type: "integer" } },
      ["[]", "[1]", "[ 1, 2]".replace(", ", ",")],
      ["[1,]", "[,1]", "1", "[1", "[true]"],
    ],
    [
      { type: "array", items: { type: "string", enum: ["a", "b"] } },
      ['["a","b"]', '"a"', '["a"]'],
      ['"c"', '["c"]', "a"],
    ],
    [{ type: "array", items: { type: "array", items: { type: "boolean" } } }, ["[[true],[]]"], ["[true]", "[[]"]],
    [{ type: "object" }, ["{}", '{"a":"b"}', '{"a":"b","c":""}'], ['{"a":1}', '{"a"}', "{,}"]],
    [
      { type: "object", properties: { n: { type: "integer" }, s: { type: "string" } }, required: ["n"] },
      ['{"n":1}', '{"s":"","n":1}'],
      ["{}", '{"s":""}', '{"n":1,"n":2}', '{"q":1}'],
    ],
  ])("%j", (schema, valid, invalid) => {
    const grammar = grammarOf(schema);
    for (const text of valid) expect(accepts(grammar, `f(x=${text})`), text).toBe(true);
    for (const text of invalid) expect(accepts(grammar, `f(x=${text})`), text).toBe(false);
  });

  it("limits lists to maxItems", () => {
    const grammar = grammarOf({ type: "array", items: { type: "integer" } }, { maxItems: 2 });
    expect(accepts(grammar, "f(x=[1,2])")).toBe(true);
    expect(run(grammar.automaton(), "f(x=[1,2,")).toBeNull();
  });

  it("never allows half a character before a quote", () => {
    const grammar = grammarOf({ type: "string" });
    const automaton = grammar.automaton();
    let state = run(automaton, 'f(x="') as State;
    for (const byte of [0xf0, 0x9f]) state = automaton.next(state, byte) as State;
    expect(automaton.next(state, 0x22)).toBeNull();
    for (const byte of [0x80, 0xc0, 0xc1, 0xf5, 0xff]) {
      expect(automaton.next(run(automaton, 'f(x="') as State, byte), byte.toString(16)).toBeNull();
    }
  });
});

describe("extractive strings", () => {
  const grammar = grammarOf({ type: "string", extractive: true });
  const at = (query: string, value: string) => accepts(grammar, `f(x="${value}")`, query);

  it("are spans of whole words", () => {
    const query = "add step to me to the 50 clásicos playlist";
    for (const value of ["add", "step to me", " step to me", "to", "50 clásicos", query])
      expect(at(query, value), value).toBe(true);
    for (const value of ["", " ", "ste", "tep", "step  to", "me step", "to the me", "  to", "to "])
      expect(at(query, value), value).toBe(false);
  });

  it.each(HOSTILE)("of %j are its escaped bytes", (text) => {
    const query = `send ${text} now`;
    const value = JSON.stringify(text.trim()).slice(1, -1);
    expect(at(query, value)).toBe(true);
    if (text === text.trim()) expect(at(query, `send ${value} now`)).toBe(true);
    expect(at(query, `${value}x`)).toBe(false);
  });

  it("are empty when the query has no word, and free without a query", () => {
    expect(at(" \n", "")).toBe(true);
    expect(at("", "a")).toBe(false);
    expect(accepts(grammar, 'f(x="anything at all")')).toBe(true);
  });

  it("cannot close a call from within: quotes of the query are escaped", () => {
    const query = '") f(x="';
    expect(at(query, '\\") f(x=\\"')).toBe(true);
    expect(run(grammar.automaton(query), 'f(x="") ')).toBeNull();
  });

  it("inside lists, item by item", () => {
    const list = grammarOf({ type: "array", items: { type: "string", extractive: true } });
    expect(accepts(list, 'f(x=["a","b c"])', "a b c")).toBe(true);
    expect(accepts(list, 'f(x=" b")', "a b c")).toBe(true);
    expect(accepts(list, 'f(x=["a","d"])', "a b c")).toBe(false);
  });
});

describe("calls", () => {
  const functions: FunctionSchema[] = [
    { name: "pick", parameters: { type: "object", properties: {} }, returns: { type: "string" } },
    { name: "files", parameters: { type: "object", properties: {} }, returns: { type: "array" } },
    {
      name: "send",
      parameters: {
        type: "object",
        properties: {
          to: { type: "string", extractive: true },
          files: { type: "array", items: { type: "string", extractive: true } },
          count: { type: "integer" },
        },
        required: ["to"],
      },
    },
  ];
  const short = getCallFormat("code_short");
  const grammar = short.grammar(functions, { maxCalls: 3 });
  const query = "bob and ann";

  it.each([
    'send(to="bob")',
    'send(count=1,to="bob")',
    "pick()\nsend(to=result1)",
    "files()\npick()\nsend(files=result1,to=result2)",
    "files()\npick()\nsend(files=[result1,result2],to=result2)",
    "pick()\nsend(files=result1,to=result1)",
  ])("allows %j", (text) => {
    expect(accepts(grammar, text, query)).toBe(true);
    validateCalls(short.parse(text), functions, query);
  });

  it.each([
    "",
    "send()",
    'send(files=["ann"])',
    'send(to="bob",to="ann")',
    'send(to="bob",)',
    "send(to=result1)",
    "send(to=result1)\npick()",
    "pick()\nsend(to=result2)",
    "files()\nsend(to=result1)",
    "pick()\nsend(to=result1,count=result1)",
    'send(to="bob")\nsend(to=result1)',
    "pick()\npick()\npick()\npick()",
    "pick()\n",
    "unknown()",
  ])("refuses %j", (text) => {
    expect(accepts(grammar, text, query)).toBe(false);
  });

  it("offers references as text in JSON, also where strings are copied", () => {
    const json = getCallFormat("json_short").grammar(functions);
    const nested = (to: string) => `{"f":"pick","a":{}}\n{"f":"send","a":{"to":"${to}"}}`;
    expect(accepts(json, nested("result1"), query)).toBe(true);
    expect(accepts(json, nested("result2"), query)).toBe(false);
    expect(accepts(json, nested("bob and"), query)).toBe(true);
    expect(accepts(json, `{"f":"send","a":{"to":"result1"}}`, query)).toBe(false);
  });

  it("ends empty only when minCalls is 0", () => {
    expect(accepts(short.grammar(functions, { minCalls: 0 }), "")).toBe(true);
    expect(accepts(getCallFormat("json").grammar(functions, { minCalls: 0 }), "[]")).toBe(true);
    expect(accepts(getCallFormat("json").grammar(functions), "[]")).toBe(false);
  });

  it("refuses limits and functions that allow no answer", () => {
    expect(() => short.grammar([])).toThrow("no functions");
    expect(() => short.grammar(functions, { minCalls: 3, maxCalls: 2 })).toThrow("minCalls 3");
  });
});

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
    constraint.accept(idOf("dial("));
    expect(constraint.forced()).not.toBe(tokens.eos);
  });

  it("does not leak one query's spans into the next", () => {
    const first = (query: string) => {
      const constraint = constrainer.start(query);
      constraint.accept(idOf("dial("));
      constraint.accept(idOf('phone_number="'));
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
    expect(new Set(next)).toEqual(new Set([" ", '")']));
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
