// Calls against schemas: which rule a call breaks, named with function, argument and what arrived.

import { HandheldError, suggest } from "../errors.ts";
import { copyFormatOf, hasFormat } from "./copy-formats.ts";
import { asReference, fittingReference, isStringList, type Reference, referencesBefore } from "./references.ts";
import { isSpan, type SpanEdges, spanEdges } from "./spans.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "./types.ts";

/** What a value is checked within. */
interface Context {
  /** Function and argument, for messages. */
  where: string;
  references: readonly Reference[];
  query: { text: string; edges: SpanEdges } | undefined;
}

function fail(context: Context, rule: string, got: Json): HandheldError {
  const text = JSON.stringify(got);
  return new HandheldError(
    "invalid-call",
    `${context.where} must be ${rule}, got ${text.length > 80 ? `${text.slice(0, 77)}…` : text}`,
  );
}

const isType = (value: Json, type: ParameterSchema["type"]): boolean => {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return type === "number" ? typeof value === "number" && Number.isFinite(value) : typeof value === type;
};

function checkValue(context: Context, schema: ParameterSchema, value: Json, insideList = false): void {
  if (fittingReference(value, context.references, schema, insideList)) return;
  if (isStringList(schema) && typeof value === "string") {
    checkValue(context, schema.items ?? { type: "string" }, value);
    return;
  }
  if (!isType(value, schema.type)) throw fail(context, `of type ${schema.type}`, value);
  if (schema.enum && !schema.enum.includes(value as string | number)) {
    throw fail(context, `one of ${schema.enum.map((v) => JSON.stringify(v)).join(", ")}`, value);
  }
  if (typeof value === "number") checkBounds(context, schema, value);
  if (typeof value === "string" && schema.extractive && context.query && !schema.enum) {
    checkSpan(context, value);
    const format = copyFormatOf(schema);
    if (format && !hasFormat(value, context.query.text, format)) throw fail(context, `of format ${format}`, value);
  }
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      checkValue({ ...context, where: `${context.where}[${i}]` }, schema.items ?? { type: "string" }, item, true);
    });
  } else if (typeof value === "object" && schema.properties) {
    checkFields(context, { properties: schema.properties, required: schema.required }, value as Record<string, Json>);
  }
}

function checkBounds(context: Context, { minimum, maximum }: ParameterSchema, value: number): void {
  if (minimum !== undefined && value < minimum) throw fail(context, `at least ${minimum}`, value);
  if (maximum !== undefined && value > maximum) throw fail(context, `at most ${maximum}`, value);
}

/** A query without words has no spans: then only the empty string can be given. */
function checkSpan(context: Context, value: string): void {
  const { text, edges } = context.query as { text: string; edges: SpanEdges };
  if (edges.starts.length === 0 ? value !== "" : !isSpan(value, text, edges)) {
    throw fail(context, "a span of whole words of the query", value);
  }
}

function checkFields(
  context: Context,
  fields: { properties: Record<string, ParameterSchema>; required?: string[] | undefined },
  values: Record<string, Json>,
): void {
  const known = Object.keys(fields.properties);
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(fields.properties, name)) {
      throw new HandheldError("invalid-call", `${context.where}: no argument "${name}"${suggest(name, known)}`);
    }
    // null stands for an optional argument that is left out.
    if (value === null && !fields.required?.includes(name)) continue;
    checkValue({ ...context, where: `${context.where}.${name}` }, fields.properties[name] as ParameterSchema, value);
  }
  const missing = fields.required?.find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) {
    throw new HandheldError("invalid-call", `${context.where}: argument "${missing}" is required and missing`);
  }
}

/**
 * Checks `calls` against `functions`; with `query`, also that extractive strings are copied from it.
 * Throws HandheldError "invalid-call" that names the function, the argument, the rule and what arrived.
 */
export function validateCalls(calls: readonly Call[], functions: readonly FunctionSchema[], query?: string): void {
  const text = query === undefined ? undefined : { text: query, edges: spanEdges(query) };
  calls.forEach((call, i) => {
    const schema = functions.find((f) => f.name === call.name);
    if (!schema) {
      const names = functions.map((f) => f.name);
      throw new HandheldError("invalid-call", `no function "${call.name}"${suggest(call.name, names)}`);
    }
    const context: Context = { where: call.name, references: referencesBefore(calls, i, functions), query: text };
    checkFields(context, schema.parameters, call.arguments);
  });
}

/** Checks one call that refers to no other. Throws as `validateCalls` does. */
export function validateCall(call: Call, functions: readonly FunctionSchema[]): void {
  validateCalls([call], functions);
}

/**
 * The same calls in one form for programs that run them: a string given for a list of strings becomes a list, and
 * arguments given as null are left out.
 */
export function canonicalCalls(calls: readonly Call[], functions: readonly FunctionSchema[]): Call[] {
  return calls.map((call, i) => {
    const properties = functions.find((f) => f.name === call.name)?.parameters.properties ?? {};
    const references = referencesBefore(calls, i, functions);
    const entries = Object.entries(call.arguments).filter(([, value]) => value !== null);
    const inList = ([name, value]: [string, Json]): [string, Json] => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (typeof value !== "string" || !schema || !isStringList(schema)) return [name, value];
      return [name, asReference(value, references)?.returns.type === "array" ? value : [value]];
    };
    return { name: call.name, arguments: Object.fromEntries(entries.map(inList)) };
  });
}
