// Function schemas inferred from the answers of samples. Only what the samples show: types, which arguments are always
// there, which strings are copied from the query, which come from a small fixed set.

import { HandheldError } from "../errors.ts";
import { isSpan, type SpanEdges, spanEdges } from "./spans.ts";
import type { FunctionSchema, Json, ParameterSchema, Sample } from "./types.ts";

/** Strings are extractive when this share of them are spans of their query: a few slips of annotation are tolerated. */
const EXTRACTIVE_SHARE = 0.98;
/** An enumeration has at most so many values, each seen so often on average. */
const ENUM_VALUES = 16;
const ENUM_REPEATS = 5;
/** An argument is required when it is in every call of its function, of which there are at least so many. */
const REQUIRED_CALLS = 10;

interface Query {
  text: string;
  edges: SpanEdges;
}

/** A value beside the query it answers. */
interface Seen {
  value: Json;
  query: Query;
}

/** Everything seen of one function. */
interface SeenFunction {
  calls: number;
  values: Map<string, Seen[]>;
}

function collect(samples: readonly Sample[]): Map<string, SeenFunction> {
  const functions = new Map<string, SeenFunction>();
  for (const sample of samples) {
    const query: Query = { text: sample.query, edges: spanEdges(sample.query) };
    for (const call of sample.answers) {
      let seen = functions.get(call.name);
      if (!seen) functions.set(call.name, (seen = { calls: 0, values: new Map() }));
      seen.calls++;
      for (const [name, value] of Object.entries(call.arguments)) {
        if (value === null) continue;
        const values = seen.values.get(name);
        if (values) values.push({ value, query });
        else seen.values.set(name, [{ value, query }]);
      }
    }
  }
  return functions;
}

/**
 * The functions that `samples` call, in order of appearance. A string argument becomes `extractive` when (nearly) every
 * value is a span of its query, else an enumeration when few values repeat often; an argument that is a list in some
 * calls and a string in others is a list. Throws HandheldError "invalid-data" when an argument has values of types
 * that do not go together.
 *
 * @example
 * ```ts
 * inferSchemas([{ query: "play jazz", answers: [{ name: "play", arguments: { genre: "jazz" } }] }]);
 * ```
 */
export function inferSchemas(samples: readonly Sample[]): FunctionSchema[] {
  return [...collect(samples)].map(([name, seen]) => {
    const entries = [...seen.values].map(([key, values]) => [key, inferParameter(`${name}.${key}`, values)] as const);
    const required = [...seen.values]
      .filter(([, values]) => seen.calls >= REQUIRED_CALLS && values.length === seen.calls)
      .map(([key]) => key);
    return { name, parameters: { type: "object" as const, properties: Object.fromEntries(entries), required } };
  });
}

type Type = ParameterSchema["type"];

function typeOf(value: Json): Type {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as Type;
}

function inferParameter(where: string, seen: readonly Seen[]): ParameterSchema {
  const types = new Set(seen.map((s) => typeOf(s.value)));
  if (types.has("array")) return { type: "array", items: inferItems(where, seen) };
  if (types.size === 2 && types.has("integer") && types.has("number")) return { type: "number" };
  if (types.size > 1) {
    const list = [...types].join(" and ");
    throw new HandheldError(
      "invalid-data",
      `argument ${where} has values of types ${list}; give one type, or a schema file`,
    );
  }
  const type = [...types][0] ?? "string";
  if (type === "string") return inferString(seen);
  return type === "object" ? inferObject(where, seen) : { type };
}

/** Items of lists; values beside lists count as lists of one, which only strings may be. */
function inferItems(where: string, seen: readonly Seen[]): ParameterSchema {
  const items = seen.flatMap(({ value, query }) =>
    (Array.isArray(value) ? value : [value]).map((item) => ({ value: item, query })),
  );
  const schema = items.length === 0 ? { type: "string" as const } : inferParameter(`${where}[]`, items);
  const mixed = seen.find((s) => !Array.isArray(s.value));
  if (mixed && schema.type !== "string") {
    throw new HandheldError(
      "invalid-data",
      `argument ${where} is a list in some calls and ${JSON.stringify(mixed.value)} in another; make all lists`,
    );
  }
  return schema;
}

function inferString(seen: readonly Seen[]): ParameterSchema {
  const spans = seen.filter(({ value, query }) => isSpan(value as string, query.text, query.edges)).length;
  if (spans >= seen.length * EXTRACTIVE_SHARE) return { type: "string", extractive: true };
  const values = new Set(seen.map((s) => s.value as string));
  const repeats = values.size <= ENUM_VALUES && seen.length >= values.size * ENUM_REPEATS;
  return repeats ? { type: "string", enum: [...values].sort() } : { type: "string" };
}

function inferObject(where: string, seen: readonly Seen[]): ParameterSchema {
  const byKey = new Map<string, Seen[]>();
  for (const { value, query } of seen) {
    for (const [key, inner] of Object.entries(value as Record<string, Json>)) {
      if (inner === null) continue;
      const list = byKey.get(key);
      if (list) list.push({ value: inner, query });
      else byKey.set(key, [{ value: inner, query }]);
    }
  }
  const entries = [...byKey].map(([key, values]) => [key, inferParameter(`${where}.${key}`, values)] as const);
  return { type: "object", properties: Object.fromEntries(entries) };
}
