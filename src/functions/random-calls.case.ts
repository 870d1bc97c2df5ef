// Random schemas, and random valid calls with a query that holds their extractive values. Shared by property tests.

import type { Random } from "./generator/random.ts";
import { referenceFits, referenceName, referencesBefore } from "./references.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "./types.ts";

/** Text that breaks careless quoting. */
export const HOSTILE = [
  'say "hi"',
  "back\\slash\\",
  "two\nlines\r\n",
  "tab\there",
  "emoji 👩‍👩‍👧 👍🏽",
  "zalgo e\u0301\u0301",
  "lone \ud83d surrogate \ude00",
  "nul \u0000 and \u001f",
  '"), rm -rf / ("',
  "result1",
  '","',
  "日本語のテキスト",
  "x=1, y='2'",
  "\u2028line separator",
  "{}[]()=,:;",
];

const WORDS = ["play", "jazz", "at", "8", "o'clock", "bob@x.org", "(212)", "555-1212", "naïve", "ok.", "a"];

/** A random parameter; `depth` limits nesting. */
export function randomParameter(random: Random, depth = 2): ParameterSchema {
  const kinds = ["extractive", "string", "enum", "integer", "number", "boolean", "numbers"];
  const kind = random.pick(depth > 0 ? [...kinds, "array", "array", "object"] : kinds);
  if (kind === "extractive") return { type: "string", extractive: true };
  if (kind === "enum")
    return { type: "string", enum: random.shuffle(["on", "off", 'o"ff', " x", "onward"]).slice(0, 3) };
  if (kind === "numbers") return { type: "integer", enum: [1, 12, 123, -4] };
  if (kind === "array") return { type: "array", items: randomParameter(random, depth - 1) };
  if (kind === "object") return { type: "object", ...randomFields(random, depth - 1) };
  if (kind !== "integer" && kind !== "number") return { type: kind as "string" | "boolean" };
  if (random.chance(0.3)) return { type: kind };
  const minimum = random.integer(-120, 120);
  return { type: kind, minimum, maximum: minimum + random.integer(0, 300) };
}

function randomFields(random: Random, depth: number) {
  const names = random.shuffle(["a", "ab", "abc", "hour", "x.y", "名"]).slice(0, random.integer(0, 4));
  const properties = Object.fromEntries(names.map((name) => [name, randomParameter(random, depth)]));
  return { properties, required: names.filter(() => random.chance(0.4)) };
}

/** Two to four random functions, some of which return something. */
export function randomFunctions(random: Random): FunctionSchema[] {
  const names = random.shuffle(["set", "set_alarm", "play", "p#q", "résumé"]).slice(0, random.integer(2, 4));
  return names.map((name) => {
    const schema: FunctionSchema = { name, parameters: { type: "object", ...randomFields(random, 2) } };
    if (random.chance(0.4)) schema.returns = random.chance(0.7) ? { type: "string" } : { type: "array" };
    return schema;
  });
}

/** A random query: words and hostile text. */
export function randomQuery(random: Random): string {
  const length = random.integer(1, 6);
  const pieces = Array.from({ length }, () => random.pick(random.chance(0.3) ? HOSTILE : WORDS));
  return [random.pick(WORDS), ...pieces].join(" ");
}

/** A random value of `schema` whose extractive strings are words of `query`. */
export function randomValue(random: Random, schema: ParameterSchema, query: string): Json {
  if (schema.enum) return random.pick(schema.enum);
  if (schema.type === "string") {
    if (schema.extractive) return random.pick(query.split(" ").filter((w) => w !== "" && w.trim() === w)) ?? "";
    return random.pick([...HOSTILE, ...WORDS, "", " ", "  two leading spaces"]);
  }
  if (schema.type === "boolean") return random.chance(0.5);
  if (schema.type === "array") {
    return Array.from({ length: random.integer(0, 3) }, () =>
      randomValue(random, schema.items ?? { type: "string" }, query),
    );
  }
  if (schema.type === "object") return randomArguments(random, schema, query);
  const { minimum = -1e6, maximum = 1e6 } = schema;
  const value = random.integer(minimum, maximum);
  return schema.type === "number" && value < maximum ? value + 0.25 : value;
}

function randomArguments(
  random: Random,
  {
    properties = {},
    required = [],
  }: { properties?: Record<string, ParameterSchema> | undefined; required?: string[] | undefined },
  query: string,
): Record<string, Json> {
  const names = random.shuffle(Object.keys(properties)).filter((name) => required.includes(name) || random.chance(0.5));
  return Object.fromEntries(
    names.map((name) => [name, randomValue(random, properties[name] as ParameterSchema, query)]),
  );
}

/** One to four random valid calls; some arguments refer to earlier results. */
export function randomCalls(random: Random, functions: readonly FunctionSchema[], query: string): Call[] {
  const calls: Call[] = [];
  for (let i = random.integer(1, 4); i > 0; i--) {
    const schema = random.pick(functions);
    const call: Call = { name: schema.name, arguments: randomArguments(random, schema.parameters, query) };
    calls.push(call);
    for (const reference of referencesBefore(calls, calls.length - 1, functions)) {
      for (const name of Object.keys(call.arguments)) {
        const fits = referenceFits(reference.returns, schema.parameters.properties[name] as ParameterSchema);
        if (fits && random.chance(0.3)) call.arguments[name] = referenceName(reference.number);
      }
    }
  }
  return calls;
}
