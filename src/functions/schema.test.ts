import { describe, expect, it } from "vitest";
import { ANDROID_CATALOGUE } from "./catalogue/index.ts";
import { parseFunctions } from "./schema.ts";
import type { FunctionSchema } from "./types.ts";
import { canonicalCalls, validateCall, validateCalls } from "./validate.ts";

const OURS: FunctionSchema = {
  name: "set_alarm",
  description: "Rings.",
  parameters: {
    type: "object",
    properties: {
      hour: { type: "integer", minimum: 0, maximum: 23 },
      message: { type: "string", default: "" },
      days: { type: "array", items: { type: "string" } },
    },
    required: ["hour"],
  },
};

describe("parseFunctions", () => {
  it("reads its own form, OpenAI tools and DroidCall's alike", () => {
    const tool = { type: "function", function: OURS };
    const droidCall = {
      name: "set_alarm",
      description: "Rings.",
      arguments: {
        hour: { type: "int", required: true, description: "h" },
        message: { type: "str", required: false, default: "" },
        days: { type: "Optional[List[str]]", required: false, default: null },
      },
      returns: { type: "Optional[str]", description: "r" },
    };
    expect(parseFunctions([OURS])).toEqual([OURS]);
    expect(parseFunctions([tool])).toEqual([OURS]);
    expect(parseFunctions({ tools: [tool] })).toEqual([OURS]);
    expect(parseFunctions({ functions: [OURS] })).toEqual([OURS]);
    const read = parseFunctions(droidCall)[0] as FunctionSchema;
    expect(read.parameters.properties).toEqual({
      hour: { type: "integer", description: "h" },
      message: { type: "string", default: "" },
      days: { type: "array", items: { type: "string" } },
    });
    expect(read.parameters.required).toEqual(["hour"]);
    expect(read.returns).toEqual({ type: "string", description: "r" });
  });

  it("accepts the built-in catalogue unchanged, functions without arguments, and nullable types", () => {
    expect(parseFunctions(ANDROID_CATALOGUE)).toEqual(ANDROID_CATALOGUE);
    expect(parseFunctions([{ name: "f" }])).toEqual([{ name: "f", parameters: { type: "object", properties: {} } }]);
    const nullable = { name: "f", parameters: { properties: { x: { type: ["string", "null"] } } } };
    expect(parseFunctions([nullable])[0]?.parameters.properties).toEqual({ x: { type: "string" } });
  });

  const withParameter = (x: unknown) => [{ name: "f", parameters: { type: "object", properties: { x } } }];
  it.each<[string, unknown, string]>([
    ["nothing", [], "no functions"],
    ["a number", 8, "functions[0]"],
    ["null", [null], "functions[0]"],
    ["no name", [{ parameters: {} }], "functions[0].name"],
    ["a name with a quote", [{ name: 'f"' }], "a name holds no spaces"],
    [
      "an argument name with a space",
      [{ name: "f", parameters: { properties: { "a b": { type: "string" } } } }],
      "functions[0]",
    ],
    ["the same name twice", [{ name: "f" }, { name: "f" }], '"f" is defined twice'],
    ["an unknown type", withParameter({ type: "date" }), "functions[0].parameters.properties.x.type"],
    ["an empty range", withParameter({ type: "integer", minimum: 0.1, maximum: 0.9 }), "no integer lies between"],
    ["an empty enum", withParameter({ type: "string", enum: [] }), "enum"],
    ["an enum of another type", withParameter({ type: "string", enum: [1] }), '"enum" holds 1'],
    [
      "a required argument that is none",
      [{ ...OURS, parameters: { ...OURS.parameters, required: ["hours"] } }],
      '"hours"',
    ],
    ["an unknown Python type", [{ name: "f", arguments: { x: { type: "Date" } } }], 'type "Date" is unknown'],
  ])("refuses %s", (_, value, message) => {
    expect(() => parseFunctions(value, "api.json")).toThrow(message);
  });
});

describe("validateCalls", () => {
  const one = (args: Record<string, unknown>) => ({ name: "set_alarm", arguments: args as never });
  it.each([
    [{ hour: 8 }],
    [{ hour: 23, message: "x", days: ["monday"] }],
    [{ hour: 0, days: "monday" }],
    [{ hour: 0, message: null }],
  ])("accepts %j", (args) => {
    expect(() => validateCall(one(args), [OURS])).not.toThrow();
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'set_alarm: argument "hour" is required and missing'],
    [{ hour: 24 }, "set_alarm.hour must be at most 23, got 24"],
    [{ hour: "8" }, 'set_alarm.hour must be of type integer, got "8"'],
    [{ hour: 8.5 }, "of type integer, got 8.5"],
    [{ hour: null }, "of type integer, got null"],
    [{ hour: 8, houre: 1 }, 'no argument "houre"; did you mean "hour"?'],
    [{ hour: 8, days: [1] }, "set_alarm.days[0] must be of type string, got 1"],
    [{ hour: 8, toString: "x" }, 'no argument "toString"'],
  ])("refuses %j: %s", (args, message) => {
    expect(() => validateCall(one(args), [OURS])).toThrow(message);
  });

  it("names the function that was meant", () => {
    expect(() => validateCall({ name: "set_alarms", arguments: {} }, [OURS])).toThrow('did you mean "set_alarm"?');
  });

  it("checks references by what the earlier call returns", () => {
    const pick = { name: "get_content", arguments: { mime_type: "image/*" } };
    const mail = { name: "send_email", arguments: { to: ["a@b"], attachments: "result1" } };
    expect(() => validateCalls([pick, mail], ANDROID_CATALOGUE, "mail a@b")).not.toThrow();
    expect(() => validateCalls([mail, pick], ANDROID_CATALOGUE, "mail a@b")).toThrow("span of whole words");
    const alarm = { name: "set_alarm", arguments: { hour: "result1", minute: 0 } };
    expect(() => validateCalls([pick, alarm], ANDROID_CATALOGUE)).toThrow("set_alarm.hour must be of type integer");
  });
});

it("canonicalCalls makes lists of single strings, but not of references to lists", () => {
  const pick = (name: string) => ({ name, arguments: {} });
  const mail = (attachments: string) => ({ name: "send_email", arguments: { to: "a@b", attachments, cc: null } });
  const run = (first: string) => canonicalCalls([pick(first), mail("result1")], ANDROID_CATALOGUE)[1]?.arguments;
  expect(run("get_content")).toEqual({ to: ["a@b"], attachments: "result1" });
  expect(run("capture_photo")).toEqual({ to: ["a@b"], attachments: ["result1"] });
});
