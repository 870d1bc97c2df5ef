import { describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "./catalogue/index.ts";
import { accuracy, callsEqual, scoreCalls, softAccuracy } from "./metrics.ts";
import type { Call, FunctionSchema, Json } from "./types.ts";

const FUNCTIONS: FunctionSchema[] = [
  {
    name: "f",
    parameters: {
      type: "object",
      properties: {
        a: { type: "string", default: "x" },
        n: { type: "number" },
        list: { type: "array", items: { type: "string" } },
        o: { type: "object" },
      },
    },
  },
  { name: "g", parameters: { type: "object", properties: {} }, returns: { type: "string" } },
];
const f = (args: Record<string, Json>): Call => ({ name: "f", arguments: args });
const g: Call = { name: "g", arguments: {} };
const equal = (a: Call[] | null, b: Call[]) => callsEqual(a, b, FUNCTIONS);
const soft = (predicted: Call[] | null, expected: Call[]) => softAccuracy([{ predicted, expected }], FUNCTIONS);

describe("callsEqual", () => {
  it.each<[string, Record<string, Json>, Record<string, Json>]>([
    ["runs of white space", { a: " step  to\tme " }, { a: "step to me" }],
    ["numbers by value", { n: 8.0 }, { n: 8 }],
    ["defaults left out", {}, { a: "x" }],
    ["null for left out", { n: null }, {}],
    ["the order of arguments", { a: "y", n: 1 }, { n: 1, a: "y" }],
    ["one string for a list of one", { list: "m" }, { list: ["m"] }],
    ["the order within lists", { list: ["b", "a"] }, { list: ["a", "b"] }],
    ["the order of keys", { o: { p: 1, q: 2 } }, { o: { q: 2, p: 1 } }],
  ])("ignores %s", (_, a, b) => {
    expect(equal([f(a)], [f(b)])).toBe(true);
    expect(equal([f(b)], [f(a)])).toBe(true);
  });

  it.each<[string, Record<string, Json>, Record<string, Json>]>([
    ["case", { a: "Y" }, { a: "y" }],
    ["a word", { a: "step to" }, { a: "step to me" }],
    ["a number that is text", { n: "8" }, { n: 8 }],
    ["how often an item is in a list", { list: ["a", "a", "b"] }, { list: ["a", "b", "b"] }],
    ["an extra argument", { n: 1, a: "z" }, { n: 1 }],
    ["a missing argument", {}, { n: 1 }],
    ["an unknown argument", { zz: 1 }, {}],
    ["a list where a string is due", { a: ["y"] }, { a: "y" }],
  ])("sees %s", (_, a, b) => {
    expect(equal([f(a)], [f(b)])).toBe(false);
    expect(equal([f(b)], [f(a)])).toBe(false);
  });

  it("ignores the order of calls, not their number", () => {
    expect(equal([g, f({ n: 1 })], [f({ n: 1 }), g])).toBe(true);
    expect(equal([g, g], [g])).toBe(false);
    expect(equal([], [g])).toBe(false);
    expect(equal(null, [g])).toBe(false);
    expect(equal(null, [])).toBe(false);
  });

  it("compares references by the call they name", () => {
    const contact = (name: string): Call => ({ name: "get_contact_info", arguments: { name, key: "phone" } });
    const dial = (phone_number: string): Call => ({ name: "dial", arguments: { phone_number } });
    const same = (a: Call[], b: Call[]) => callsEqual(a, b, ANDROID_CATALOGUE);
    const [ann, bob] = [contact("ann"), contact("bob")];
    expect(same([ann, bob, dial("result2")], [bob, ann, dial("result1")])).toBe(true);
    expect(same([ann, bob, dial("result1")], [ann, bob, dial("result2")])).toBe(false);
    expect(same([dial("result1"), ann], [ann, dial("result1")])).toBe(false);
    expect(same([ann, dial("result1")], [ann, dial("result2")])).toBe(false);
  });

  it("takes a reference for a list as the list of it, when the result is one string", () => {
    const photo: Call = { name: "capture_photo", arguments: {} };
    const mail = (attachments: Json): Call => ({ name: "send_email", arguments: { to: ["a@b"], attachments } });
    expect(callsEqual([photo, mail("result1")], [photo, mail(["result1"])], ANDROID_CATALOGUE)).toBe(true);
  });
});

describe("soft accuracy", () => {
  it("is the share of right arguments among those given by either", () => {
    expect(soft([f({ a: "y", n: 1 })], [f({ a: "y", n: 2 })])).toBe(0.5);
    expect(soft([f({ n: 1 })], [f({ n: 1, list: ["p"] })])).toBe(0.5);
    expect(soft([f({ n: 1, list: ["p"] })], [f({ n: 1 })])).toBe(0.5);
    expect(soft([f({})], [f({ a: "x" })])).toBe(1);
    expect(soft([g], [g])).toBe(1);
  });

  it("is 0 for a wrong function, a missing or a surplus call", () => {
    expect(soft([g], [f({ n: 1 })])).toBe(0);
    expect(soft(null, [f({ n: 1 })])).toBe(0);
    expect(soft([g], [g, f({ n: 1 })])).toBe(0.5);
    expect(soft([g, f({ n: 1 })], [g])).toBe(0.5);
  });

  it("pairs calls of one function by their best match", () => {
    const calls = [f({ n: 1 }), f({ n: 2 })];
    expect(soft([...calls].reverse(), calls)).toBe(1);
  });

  it("averages over calls, not over samples", () => {
    const pairs = [
      { predicted: [g], expected: [g] },
      { predicted: [], expected: [g, g, g] },
    ];
    expect(scoreCalls(pairs, FUNCTIONS)).toEqual({ accuracy: 0.5, softAccuracy: 0.25, samples: 2 });
    expect(accuracy(pairs, FUNCTIONS)).toBe(0.5);
  });

  it("is never below accuracy on single calls, and 0 without samples", () => {
    expect(scoreCalls([], FUNCTIONS)).toEqual({ accuracy: 0, softAccuracy: 0, samples: 0 });
  });
});
