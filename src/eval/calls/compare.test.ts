// How calls are compared: each kind of argument by each rule, missing calls, calls too many, references.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Call, FunctionSchema, Json } from "../../functions/types.ts";
import { type CallComparison, type CompareOptions, compareCalls } from "./compare.ts";
import { comparisonOf, loadRules } from "./comparison.ts";
import { sameMeaning } from "./meaning.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const functions: FunctionSchema[] = [
  {
    name: "send",
    parameters: {
      type: "object",
      properties: {
        to: { type: "array", items: { type: "string" } },
        body: { type: "string" },
        count: { type: "integer", default: 1 },
        info: { type: "object" },
      },
    },
  },
  { name: "pick", parameters: { type: "object", properties: {} }, returns: { type: "string" } },
  {
    name: "find",
    parameters: { type: "object", properties: { name: { type: "string" } } },
    returns: { type: "string" },
  },
];
const rules = await loadRules();
const options = (texts: CompareOptions["texts"] = "meaning"): CompareOptions => ({
  functions: new Map(functions.map((schema) => [schema.name, schema])),
  rules,
  texts,
});
const call = (name: string, given: Record<string, Json> = {}): Call => ({ name, arguments: given });
const compare = (predicted: Call[] | null, expected: Call[], texts?: CompareOptions["texts"]): CallComparison =>
  compareCalls(predicted, expected, options(texts));
/** Whether `send` with one argument is entirely right. */
const equal = (name: string, predicted: Json, expected: Json, texts?: CompareOptions["texts"]) => {
  const { right, counted } = compare(
    [call("send", { [name]: predicted })],
    [call("send", { [name]: expected })],
    texts,
  );
  return right === counted;
};

describe("arguments", () => {
  it.each<[string, Json, Json]>([
    ["to", ["a", "b"], ["b", "A ", "a"]],
    ["to", "a", ["a"]],
    ["body", "Lunch with the team", "team lunch"],
    ["body", "none", null],
    ["count", 1, null],
    ["count", 2.0, 2],
    ["info", { name: "Ann", phone: "1" }, { phone: "1", name: "ann", mail: null }],
  ])("%s: %j is %j", (name, predicted, expected) => {
    expect(equal(name, predicted, expected)).toBe(true);
    expect(equal(name, expected, predicted)).toBe(true);
  });

  it.each<[string, Json, Json]>([
    ["to", ["a"], ["a", "b"]],
    ["to", ["the team"], ["team"]],
    ["body", "dinner at 8", "dinner at 9"],
    ["body", "something", null],
    ["count", "2", 2],
    ["count", true, 1],
    ["count", 2, null],
    ["info", { name: "Ann" }, { name: "Bob" }],
    ["info", { name: "Ann" }, { name: "Ann", phone: "1" }],
    ["info", ["Ann"], { name: "Ann" }],
  ])("%s: %j is not %j", (name, predicted, expected) => {
    expect(equal(name, predicted, expected)).toBe(false);
    expect(equal(name, expected, predicted)).toBe(false);
  });

  it("free texts are compared strictly or ignored where that is wanted, other arguments as ever", () => {
    expect(equal("body", "Lunch with the team", "team lunch", "strict")).toBe(false);
    expect(equal("body", " TEAM  lunch", "team lunch", "strict")).toBe(true);
    expect(equal("body", "x", "y", "ignore")).toBe(true);
    expect(equal("count", 2, 3, "ignore")).toBe(false);
    expect(compare([call("send", { body: "x" })], [call("send")], "ignore").counted).toBe(3);
  });
});

describe("calls", () => {
  it("count all arguments of the expected functions; one that is missing has none right", () => {
    const expected = [call("send", { body: "hi", count: 2 }), call("pick")];
    expect(compare([call("send", { body: "hi", count: 3 }), call("pick")], expected)).toEqual({
      right: 4,
      counted: 5,
      tooMuch: false,
    });
    expect(compare([call("pick")], expected)).toEqual({ right: 1, counted: 5, tooMuch: false });
    expect(compare(null, expected)).toEqual({ right: 0, counted: 5, tooMuch: false });
    expect(compare([], [call("pick")])).toEqual({ right: 0, counted: 1, tooMuch: false });
  });

  it("are paired with the best of their function, in any order", () => {
    const two = [call("send", { body: "first" }), call("send", { body: "second" })];
    expect(compare([two[1]!, two[0]!], two)).toEqual({ right: 8, counted: 8, tooMuch: false });
    expect(compare([two[0]!], two)).toMatchObject({ right: 4, counted: 8 });
  });

  it("and arguments that nobody asked for are too much", () => {
    expect(compare([call("pick"), call("find")], [call("pick")])).toEqual({ right: 1, counted: 1, tooMuch: true });
    expect(compare([call("pick", { x: 1 })], [call("pick")])).toEqual({ right: 1, counted: 1, tooMuch: true });
    expect(compare([call("pick", { x: null })], [call("pick")])).toMatchObject({ tooMuch: false });
  });

  it("of functions without a schema count the arguments that either gives", () => {
    const given = { a: 1, toString: "x" };
    expect(compare([call("odd", { a: 1, b: 2 })], [call("odd", given)])).toEqual({
      right: 1,
      counted: 3,
      tooMuch: false,
    });
  });

  it("refer to results of equal calls", () => {
    const [ann, bob] = ["Ann", "Bob"].map((name) => call("find", { name }));
    const send = (to: string) => call("send", { to: [to] });
    const right = (predicted: Call[], expected: Call[]) => {
      const { right: some, counted } = compare(predicted, expected);
      return some === counted;
    };
    const expected = [ann!, bob!, send("result1")];
    expect(right([bob!, ann!, send("result2")], expected)).toBe(true);
    expect(right([bob!, ann!, send("result1")], expected)).toBe(false);
    expect(right([ann!, bob!, send("Ann")], expected)).toBe(false);
    // "body" is compared by meaning, but no words are those of a result.
    expect(right([ann!, call("send", { body: "result1" })], [ann!, call("send", { body: "result1 result1" })])).toBe(
      false,
    );
  });
});

describe("sameMeaning", () => {
  it.each([
    ["Meeting with the team", "team meetings"],
    ["buy some milk and eggs", "Buy eggs, milk"],
    ["project update", "Update on the project"],
    ["the", "the"],
    ["…", "…"],
  ])("%s = %s", (a, b) => expect(sameMeaning(a, b)).toBe(true));

  it.each([
    ["call mum", "text dad"],
    ["dentist at 8", "dentist at 8:30"],
    ["", "something"],
    ["…", "!"],
  ])("%s ≠ %s", (a, b) => expect(sameMeaning(a, b)).toBe(false));
});

describe("rules", () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it("say it by function first, then by argument; only texts have a meaning", async () => {
    const own = await loadRules(
      write(
        "own.json",
        '{"version":1,"arguments":{"Body":"meaning","x":"ignore"},"functions":{"f":{"BODY":"strict"}}}',
      ),
    );
    const how = (name: string, argument: string, type: "string" | "integer" = "string") =>
      comparisonOf(own, name, argument, { type }, "meaning");
    expect([how("g", "body"), how("F", "body"), how("g", "x"), how("g", "constructor")]).toEqual([
      "meaning",
      "strict",
      "ignore",
      "strict",
    ]);
    expect(how("g", "body", "integer")).toBe("strict");
    expect(comparisonOf(own, "g", "body", { type: "string", enum: ["a"] }, "ignore")).toBe("strict");
  });

  it("are read from DroidCall's annotated functions", async () => {
    const line = (name: string, type: string) =>
      JSON.stringify({ name, arguments: { TITLE: { type: "str", match_type: type }, DAY: { type: "str" } } });
    const own = await loadRules(write("api.jsonl", `${line("f", "semantic")}\n\n${line("g", "strict")}\n`));
    expect(comparisonOf(own, "f", "TITLE", undefined, "meaning")).toBe("meaning");
    expect(comparisonOf(own, "g", "TITLE", undefined, "meaning")).toBe("strict");
    await expect(loadRules(write("bad.jsonl", line("f", "vague")))).rejects.toMatchObject({
      code: "invalid-file",
      message: expect.stringMatching(/bad\.jsonl: functions\.f\.TITLE/),
    });
  });

  it.each([
    ["not JSON", "{", /not valid JSON/],
    ["another version", '{"version":2}', /version/],
    ["an unknown rule", '{"version":1,"arguments":{"a":"fuzzy"}}', /arguments\.a/],
    ["a list", "[]", /the whole/],
  ])("that are %s name file and field", async (_, text, message) => {
    const path = write("wrong.json", text);
    await expect(loadRules(path)).rejects.toMatchObject({
      code: "invalid-file",
      message: expect.stringMatching(message),
    });
    await expect(loadRules(path)).rejects.toThrow(/wrong\.json/);
  });

  it("that are not there are an error", async () => {
    await expect(loadRules(join(folder, "absent.json"))).rejects.toMatchObject({ code: "io" });
  });
});
