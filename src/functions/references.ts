// Nested results: an argument "result1" stands for what the first call of the same answer returns.

import type { Call, FunctionSchema, Json, ParameterSchema } from "./types.ts";

/** How a reference to call `number` (from 1) is written in a Call. */
export function referenceName(number: number): string {
  return `result${number}`;
}

/** What an earlier call of the answer returns. */
export interface Reference {
  /** The call, counted from 1. */
  number: number;
  returns: ParameterSchema;
}

/** The calls before `calls[index]` that return something, which its arguments may refer to. */
export function referencesBefore(
  calls: readonly Call[],
  index: number,
  functions: readonly FunctionSchema[],
): Reference[] {
  const out: Reference[] = [];
  for (let i = 0; i < index; i++) {
    const returns = functions.find((f) => f.name === calls[i]?.name)?.returns;
    if (returns) out.push({ number: i + 1, returns });
  }
  return out;
}

/** The reference that `value` is, if any: a string `resultN` naming an earlier call that returns something. */
export function asReference(value: Json | undefined, references: readonly Reference[]): Reference | undefined {
  if (typeof value !== "string" || !value.startsWith("result")) return undefined;
  return references.find((r) => referenceName(r.number) === value);
}

/** Whether lists of strings: such a parameter also takes a single string. */
export function isStringList(schema: ParameterSchema): boolean {
  return schema.type === "array" && (schema.items === undefined || schema.items.type === "string");
}

/**
 * Whether a result of type `returns` fits where `schema` is expected. Equal types fit; a string fits where a list of
 * strings is expected; inside a list, a returned list stands for its items. Enumerations take no references, and of two
 * formats both must be the same.
 */
export function referenceFits(returns: ParameterSchema, schema: ParameterSchema, insideList = false): boolean {
  if (schema.enum || schema.items?.enum) return false;
  const [wanted, given] = [schema, returns].map(({ format, items }) => format ?? items?.format);
  if (wanted !== undefined && given !== undefined && wanted !== given) return false;
  if (returns.type === schema.type) return true;
  if (returns.type === "string") return isStringList(schema);
  return insideList && returns.type === "array" && (returns.items?.type ?? "string") === schema.type;
}

/** The reference that `value` is where `schema` (undefined: anything) is expected. */
export function fittingReference(
  value: Json | undefined,
  references: readonly Reference[],
  schema: ParameterSchema | undefined,
  insideList = false,
): Reference | undefined {
  const reference = asReference(value, references);
  return reference && (!schema || referenceFits(reference.returns, schema, insideList)) ? reference : undefined;
}

const kind = (schema: ParameterSchema | undefined): string =>
  schema === undefined ? "" : `${schema.type}${schema.format ?? ""}`;

/** Equal for references that fit in the same places. */
export function referencesKey(references: readonly Reference[]): string {
  return references.map((r) => `${r.number}${kind(r.returns)}${kind(r.returns.items)}`).join();
}
