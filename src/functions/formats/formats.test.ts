import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { ANDROID_CATALOGUE } from "../catalogue/index.ts";
import { Random } from "../generator/random.ts";
import { HOSTILE, randomCalls, randomFunctions, randomQuery } from "../random-calls.case.ts";
import type { Call, FunctionSchema } from "../types.ts";
import { callFormats, getCallFormat } from "./registry.ts";

const CALLS: Call[] = [
  { name: "get_contact_info", arguments: { name: "Ann", key: "phone" } },
  { name: "send_message", arguments: { phone_number: "result1", body: 'say "hi"', attachments: ["result1", "x"] } },
  { name: "set_alarm", arguments: { hour: 8, minute: 0, vibrate: true } },
];

const RENDERED = {
  json:
    '[{"name": "get_contact_info", "arguments": {"name": "Ann", "key": "phone"}}, ' +
    '{"name": "send_message", "arguments": {"phone_number": "result1", "body": "say \\"hi\\"", "attachments": ["result1", "x"]}}, ' +
    '{"name": "set_alarm", "arguments": {"hour": 8, "minute": 0, "vibrate": true}}]',
  json_short:
    '{"f":"get_contact_info","a":{"name":"Ann","key":"phone"}}\n' +
    '{"f":"send_message","a":{"phone_number":"result1","body":"say \\"hi\\"","attachments":["result1","x"]}}\n' +
    '{"f":"set_alarm","a":{"hour":8,"minute":0,"vibrate":true}}',
  code:
    'result1 = get_contact_info(name="Ann", key="phone")\n' +
    'result2 = send_message(phone_number=result1, body="say \\"hi\\"", attachments=[result1, "x"])\n' +
    "result3 = set_alarm(hour=8, minute=0, vibrate=True)",
  code_short:
    'get_contact_info(name="Ann",key="phone")\n' +
    'send_message(phone_number=result1,body="say \\"hi\\"",attachments=[result1,"x"])\n' +
    "set_alarm(hour=8,minute=0,vibrate=true)",
};

const ECHO: FunctionSchema[] = [
  { name: "echo", parameters: { type: "object", properties: { text: { type: "string" } } } },
];

describe.each(Object.values(callFormats))("format $name", (format) => {
  it("renders nested calls as documented, and reads them back", () => {
    const text = format.render(CALLS, ANDROID_CATALOGUE);
    expect(text).toBe(RENDERED[format.name as keyof typeof RENDERED]);
    expect(format.parse(text)).toEqual(CALLS);
  });

  it.each([...HOSTILE, "", " ", "  leading", "trailing ", "\\u0020", "/", "\u007f"])(
    "round-trips %j exactly",
    (text) => {
      const calls = [{ name: "echo", arguments: { text } }];
      const rendered = format.render(calls, ECHO);
      expect(rendered.isWellFormed()).toBe(true);
      expect(format.parse(rendered)).toEqual(calls);
    },
  );

  it("round-trips random calls, whose fixed parts are all special tokens", () => {
    const random = new Random(7);
    for (let i = 0; i < 300; i++) {
      const functions = randomFunctions(random);
      const calls = randomCalls(random, functions, randomQuery(random));
      const parts = format.parts(calls, functions);
      expect(format.parse(parts.map((p) => p.text).join(""))).toEqual(calls);
      const tokens = new Set(format.specialTokens(functions));
      for (const part of parts) if (part.fixed) expect(tokens, JSON.stringify(calls)).toContain(part.text);
    }
  });

  it("strips the one space that a tokenizer leaves before a value, and no more", () => {
    const spaced = format
      .parts([{ name: "echo", arguments: { text: "step to me", n: 8, f: -2.5, b: false } }], ECHO)
      .map((part) => (part.fixed ? part.text : ` ${part.text}`))
      .join("");
    expect(format.parse(spaced)[0]?.arguments).toEqual({ text: "step to me", n: 8, f: -2.5, b: false });
    const twice = format.render([{ name: "echo", arguments: { text: "X" } }], ECHO).replace("X", "  X");
    expect(format.parse(twice)[0]?.arguments).toEqual({ text: " X" });
  });

  it("keeps a free-form object's keys out of the special tokens", () => {
    const functions: FunctionSchema[] = [
      { name: "f", parameters: { type: "object", properties: { o: { type: "object" } } } },
    ];
    const calls = [{ name: "f", arguments: { o: { 'ke"y': "v", b: "w" } } }];
    const tokens = format.specialTokens(functions);
    for (const part of format.parts(calls, functions)) if (part.fixed) expect(tokens).toContain(part.text);
    expect(format.parse(format.render(calls, functions))).toEqual(calls);
  });

  it("does not let __proto__ in an answer reach a prototype", () => {
    const text = format.render([{ name: "f", arguments: { o: JSON.parse('{"__proto__":{"polluted":1}}') } }], []);
    const value = format.parse(text)[0]?.arguments.o as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(["__proto__"]);
  });

  it("reads an empty answer as no calls", () => {
    expect(format.parse(format.render([], []))).toEqual([]);
    expect(format.parse("")).toEqual([]);
  });

  it("throws invalid-call, never anything else, on every truncation of an answer but whole calls", () => {
    const text = format.render(CALLS, ANDROID_CATALOGUE);
    for (let length = 0; length < text.length; length++) {
      try {
        const calls = format.parse(text.slice(0, length));
        expect(calls).toEqual(CALLS.slice(0, calls.length));
      } catch (error) {
        expect(error).toBeInstanceOf(HandheldError);
        expect((error as HandheldError).code).toBe("invalid-call");
      }
    }
  });

  it("refuses bottomless nesting instead of overflowing the stack", () => {
    const deep = `${"[".repeat(100_000)}`;
    const text = format
      .render([{ name: "echo", arguments: { text: 1 } }], ECHO)
      .replace("1}", `${deep}}`)
      .replace("1)", deep);
    expect(() => format.parse(text.replace(/=1$/, deep))).toThrow(/nesting|expected/);
  });
});

describe("parse errors", () => {
  it.each([
    ["code_short", 'f(a="x"\ng(', '2:1: expected "," or ")"'],
    ["code_short", "f(a=1,a=2)", 'not "a" a second time'],
    ["code_short", "f(a=blue)", "1:5: expected a value"],
    ["code_short", "f(8)", '1:4: expected "="'],
    ["code_short", 'f(a="x', "1:5: expected the closing quote"],
    ["code_short", 'f(a="\\q")', "after a backslash"],
    ["code", "result2 = f()", "expected result1 as the name of this result"],
    ["json", '[{"name": "f", "arguments": []}]', '"arguments" as an object'],
    ["json", '[{"name": "f"}] x', "expected the end of the answer"],
    ["json", '{"arguments": {}}', 'a call with a "name"'],
    ["json", "[{", "found the end"],
    ["json", "8", 'expected "{"'],
  ])("%s %j: %s", (name, text, message) => {
    expect(() => getCallFormat(name).parse(text)).toThrow(message);
  });
});

describe("leniency", () => {
  it.each([
    ["json", ' [ {"arguments" : {"a":1 } , "name":"f"} ]\n'],
    ["json_short", '{"name":"f","arguments":{"a":1.0}}'],
    ["code", "f( a = 1 )\n\n"],
    ["code_short", "result1 = f(a=1e0)"],
  ])("%s reads %j", (name, text) => {
    expect(getCallFormat(name).parse(text)).toEqual([{ name: "f", arguments: { a: 1 } }]);
  });

  it("reads both spellings of true, false and null", () => {
    expect(getCallFormat("code").parse("f(a=True,b=true,c=None,d=null)")[0]?.arguments).toEqual({
      a: true,
      b: true,
      c: null,
      d: null,
    });
  });
});

describe("getCallFormat", () => {
  it("suggests the nearest name", () => {
    expect(() => getCallFormat("code-short")).toThrow('did you mean "code_short"?');
    expect(() => getCallFormat("toString")).toThrow("is not one of");
  });
});
