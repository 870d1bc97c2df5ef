// Calls as models write them: every form that is read, and texts that hold none.
import { describe, expect, it } from "vitest";
import type { Call, FunctionSchema, Json } from "../../functions/types.ts";
import { readLiteral } from "./lenient.ts";
import { parseAnswer } from "./parse-answer.ts";

const tool = (name: string, ...properties: string[]): [string, FunctionSchema] => [
  name,
  {
    name,
    parameters: { type: "object", properties: Object.fromEntries(properties.map((key) => [key, { type: "string" }])) },
  },
];
const functions = new Map([tool("dial", "number"), tool("find", "name", "key"), tool("lock"), tool("save", "info")]);
const call = (name: string, given: Record<string, Json> = {}): Call => ({ name, arguments: given });
const dial = call("dial", { number: "911" });

describe("parseAnswer", () => {
  it.each<[string, string, Call[]]>([
    ["a list", '[{"name": "dial", "arguments": {"number": "911"}}]', [dial]],
    [
      "objects one after another",
      '{"name":"dial","arguments":{"number":"911"}}\n{"name":"lock"}',
      [dial, call("lock")],
    ],
    [
      "a code fence and words",
      'Sure! Here:\n```json\n[{"name": "dial", "arguments": {"number": "911"}}]\n```\nDone.',
      [dial],
    ],
    ["tags", '<tool_call>\n{"name": "dial", "arguments": {"number": "911"}}\n</tool_call>', [dial]],
    ["parameters", '{"name": "dial", "parameters": {"number": "911"}}', [dial]],
    ["args as Python", "{'function': 'dial', 'args': {'number': '911',},}", [dial]],
    ["arguments as a JSON text", '{"name": "dial", "arguments": "{\\"number\\": \\"911\\"}"}', [dial]],
    [
      "OpenAI's",
      '{"tool_calls":[{"type":"function","function":{"name":"dial","arguments":"{\\"number\\":\\"911\\"}"}}]}',
      [dial],
    ],
    ["the name as the key", '{"dial": {"number": "911"}}', [dial]],
    ["MobileLLM's", '{API: "dial(number=\\"911\\")"}', [dial]],
    ["an unknown function", '{"name": "fly", "arguments": {}}', [call("fly")]],
    ["code", 'result1 = dial(number="911")', [dial]],
    ["code without results, with spaces", "dial( number = '911' ) ; lock()", [dial, call("lock")]],
    ["arguments by place", 'find("Ann", key="phone")', [call("find", { name: "Ann", key: "phone" })]],
    ["code in a sentence", 'I will call `dial(number="911")` for you (now).', [dial]],
    [
      "literals",
      "save(info={'n': -1.5e3, 'l': [True, None, (1, 2)]})",
      [call("save", { info: { n: -1500, l: [true, null, [1, 2]] } })],
    ],
    [
      "a person in an argument",
      'save(info={"name": "Ann", "phone": "911"})',
      [call("save", { info: { name: "Ann", phone: "911" } })],
    ],
    ["brackets in texts", 'dial(number="9(1)1]")', [call("dial", { number: "9(1)1]" })]],
    ["a broken call between two", 'dial(number=) lock() dial(number="911")', [call("lock"), dial]],
    ["escapes", '{"name":"dial","arguments":{"number":"a\\n\\u0041\\"\\q"}}', [call("dial", { number: 'a\nA"q' })]],
    ["a JSON text cut off behind a whole call", '[{"name":"lock","arguments":{}},{"name":"dial","argu', [call("lock")]],
  ])("reads %s", (_, text, calls) => {
    expect(parseAnswer(text, functions)).toEqual(calls);
  });

  it.each([
    [
      "",
      "I cannot do that.",
      "[]",
      "{}",
      "dial",
      "fly(1)",
      '{"number": "911"}',
      '{"name": "Ann"}',
      "[[[[",
      "dial(number=",
    ],
  ])("finds no call in %j", (...texts) => {
    for (const text of texts) expect(parseAnswer(text, functions), text).toBeNull();
  });

  const found = call("find", { name: "Ann", key: "phone" });
  it.each([
    [
      "#0 and ids from 0",
      `[{"id":0,"name":"find","arguments":{"name":"Ann","key":"phone"}},{"id":1,"name":"dial","arguments":{"number":"#0"}}]`,
    ],
    [
      "#1 and ids from 1",
      `[{"id":1,"name":"find","arguments":{"name":"Ann","key":"phone"}},{"id":2,"name":"dial","arguments":{"number":"#1"}}]`,
    ],
    [
      "#0 without ids",
      `[{"name":"find","arguments":{"name":"Ann","key":"phone"}},{"name":"dial","arguments":{"number":"#0"}}]`,
    ],
    ["result0", 'result0 = find("Ann", "phone")\nresult1 = dial(number=result0)'],
    ["result1", 'result1 = find("Ann", "phone")\nresult2 = dial(number=result1)'],
    ["result_1 without names", 'find("Ann", "phone")\ndial(number=result_1)'],
  ])("takes references by %s for the call that they name", (_, text) => {
    expect(parseAnswer(text, functions)).toEqual([found, call("dial", { number: "result1" })]);
  });

  it("in JSON, result1 is the first call unless ids say otherwise", () => {
    const text = `[{"name":"find","arguments":{"name":"Ann","key":"phone"}},{"name":"dial","arguments":{"number":"result1"}}]`;
    expect(parseAnswer(text, functions)![1]).toEqual(call("dial", { number: "result1" }));
  });
});

describe("readLiteral", () => {
  it("gives null for what is none, however deep", () => {
    const none = ["", "abc", "[1", "[1 2]", '{"a"}', '{"a":}', '"open', "[".repeat(1000), '{"a":'.repeat(1000)];
    for (const text of none)
      expect(
        readLiteral(text, 0, () => false),
        text.slice(0, 20),
      ).toBeNull();
  });

  it("gives the offset behind it", () => {
    expect(readLiteral(' x [1, "]"] y', 2, () => false)).toEqual({ value: [1, "]"], end: 11 });
    expect(readLiteral("'''a'b''' ", 0, () => false)).toEqual({ value: "a'b", end: 9 });
  });
});
