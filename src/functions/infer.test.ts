import { describe, expect, it } from "vitest";
import { inferSchemas } from "./infer.ts";
import type { Json, ParameterSchema, Sample } from "./types.ts";

const sample = (query: string, x: Json): Sample => ({ query, answers: [{ name: "f", arguments: { x } }] });
const inferred = (samples: Sample[]): ParameterSchema | undefined => inferSchemas(samples)[0]?.parameters.properties.x;
const repeat = (times: number, make: (i: number) => Sample): Sample[] =>
  Array.from({ length: times }, (_, i) => make(i));

describe("inferSchemas", () => {
  it("marks copied strings extractive, tolerating one slip in fifty", () => {
    const copied = repeat(99, (i) => sample(`play song${i} now`, `song${i}`));
    expect(inferred(copied)).toEqual({ type: "string", extractive: true });
    expect(inferred([...copied, sample("play it", "elsewhere")])).toEqual({ type: "string", extractive: true });
    expect(inferred([...copied, ...repeat(3, () => sample("play it", "elsewhere"))])).toEqual({ type: "string" });
  });

  it("does not call parts of words copied", () => {
    expect(inferred(repeat(9, (i) => sample(`playing${i}`, `play${i}`)))).toEqual({ type: "string" });
  });

  it("sees an enumeration in few values that repeat, sorted", () => {
    const values = ["wifi", "bluetooth", "display"];
    const samples = repeat(60, (i) => sample("open the settings", values[i % 3] as string));
    expect(inferred(samples)).toEqual({ type: "string", enum: ["bluetooth", "display", "wifi"] });
    expect(inferred(samples.slice(0, 6))).toEqual({ type: "string" });
  });

  it.each<[Json[], ParameterSchema]>([
    [[1, 2], { type: "integer" }],
    [[1, 2.5], { type: "number" }],
    [[true], { type: "boolean" }],
    [[[1], []], { type: "array", items: { type: "integer" } }],
    [[["a"], "q"], { type: "array", items: { type: "string" } }],
    [
      [{ a: 1 }, { b: true, c: null }],
      { type: "object", properties: { a: { type: "integer" }, b: { type: "boolean" } } },
    ],
    [[1, null], { type: "integer" }],
  ])("%j: %j", (values, expected) => {
    expect(inferred(values.map((v) => sample("no such words", v)))).toEqual(expected);
  });

  it.each<[Json[], string]>([
    [[1, "a"], "argument f.x has values of types integer and string"],
    [[[1], 2], "argument f.x is a list in some calls and 2 in another"],
    [[[1, "a"]], "argument f.x[] has values"],
  ])("%j: %s", (values, message) => {
    expect(() => inferSchemas(values.map((v) => sample("q", v)))).toThrow(message);
  });

  it("requires what ten or more calls always have", () => {
    const always = repeat(10, () => sample("q", 1));
    expect(inferSchemas(always)[0]?.parameters.required).toEqual(["x"]);
    expect(inferSchemas(always.slice(1))[0]?.parameters.required).toEqual([]);
    const without: Sample = { query: "q", answers: [{ name: "f", arguments: {} }] };
    expect(inferSchemas([...always, without])[0]?.parameters.required).toEqual([]);
  });
});
