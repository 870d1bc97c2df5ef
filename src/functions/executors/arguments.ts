// Reads the arguments of a call with the checks that executors need: they may come from a model, so nothing is assumed.

import { HandheldError } from "../../errors.ts";
import type { Call, Json } from "../types.ts";

/** The error for a call that a device cannot express, with the reason and what to do instead. */
export function cannotExpress(call: Call, device: string, reason: string): HandheldError {
  return new HandheldError("unsupported", `${call.name} cannot be expressed for ${device}: ${reason}`);
}

function invalid(call: Call, key: string, rule: string, got: Json | undefined): HandheldError {
  const text = got === undefined ? "nothing" : JSON.stringify(got);
  return new HandheldError("invalid-call", `${call.name}.${key} must be ${rule}, got ${text}`);
}

/** True for a reference to the result of an earlier call. */
export const isReference = (value: Json): boolean => typeof value === "string" && /^result[1-9]\d*$/.test(value);

/** The first reference anywhere in the arguments of a call. */
export function findReference(value: Json): string | undefined {
  if (isReference(value)) return value as string;
  if (value === null || typeof value !== "object") return undefined;
  for (const item of Object.values(value)) {
    const found = findReference(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A string argument; undefined when it is absent. */
export function stringOf(call: Call, key: string): string | undefined {
  const value = call.arguments[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw invalid(call, key, "a string", value);
  return value;
}

/** A string argument that must be there and not be empty. */
export function requiredString(call: Call, key: string): string {
  const value = stringOf(call, key);
  if (value === undefined || value.trim() === "") throw invalid(call, key, "a string that is not empty", value);
  return value;
}

/** An integer argument within bounds; undefined when it is absent. */
export function integerOf(call: Call, key: string, minimum: number, maximum: number): number | undefined {
  const value = call.arguments[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw invalid(call, key, `a whole number from ${minimum} to ${maximum}`, value);
  }
  return value;
}

/** An integer argument that must be there. */
export function requiredInteger(call: Call, key: string, minimum: number, maximum: number): number {
  const value = integerOf(call, key, minimum, maximum);
  if (value === undefined) throw invalid(call, key, `a whole number from ${minimum} to ${maximum}`, undefined);
  return value;
}

/** A boolean argument; undefined when it is absent. */
export function booleanOf(call: Call, key: string): boolean | undefined {
  const value = call.arguments[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw invalid(call, key, "true or false", value);
  return value;
}

/** A list of strings; a single string counts as a list of one, an absent argument as an empty list. */
export function stringsOf(call: Call, key: string): string[] {
  const value = call.arguments[key];
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item !== "string" || item.trim() === "") throw invalid(call, key, "a list of strings", value);
    return item;
  });
}

/** The string fields of an object argument; an absent one has none. */
export function fieldsOf(call: Call, key: string): Record<string, string> {
  const value = call.arguments[key];
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(call, key, "an object", value);
  const fields: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== "string") throw invalid(call, `${key}.${name}`, "a string", item);
    fields[name] = item;
  }
  return fields;
}

/** A string argument that must be one of the keys of a table; returns the table's value. */
export function chosenFrom<T>(call: Call, key: string, value: string, table: Readonly<Record<string, T>>): T {
  const chosen = Object.hasOwn(table, value) ? table[value] : undefined;
  if (chosen === undefined) throw invalid(call, key, `one of ${Object.keys(table).join(", ")}`, value);
  return chosen;
}
