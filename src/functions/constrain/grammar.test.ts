import { describe, expect, it } from "vitest";
import { getCallFormat } from "../formats/registry.ts";
import { HOSTILE } from "../random-calls.case.ts";
import type { FunctionSchema, ParameterSchema } from "../types.ts";
import { validateCalls } from "../validate.ts";
import { accepts, grammarOf, run } from "./constrain.case.ts";
import type { State } from "./types.ts";

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
