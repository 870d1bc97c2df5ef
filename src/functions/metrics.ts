// The two metrics of function calling (PhoneLM, section 4, "Function call"): accuracy and soft accuracy.
//
// Two calls are equal when their functions are and every argument is. Arguments: strings after runs of white space
// became one space (case matters), numbers by value, lists as multisets (DroidCall's checker ignores their order too),
// objects by key; an argument left out or null counts as its default; a string counts as the list of that one string
// where the schema says list. A reference equals a reference to an equal call. Since references name their calls, the
// order of the calls matters only through them: answers are compared as multisets of calls.

import { fittingReference, isStringList, type Reference, referencesBefore } from "./references.ts";
import { normalizeSpace } from "./spans.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "./types.ts";

/** A prediction beside the truth; `predicted` is null when the output did not parse. */
export interface ScoredPair {
  predicted: readonly Call[] | null;
  expected: readonly Call[];
}

/** Both metrics, 0..1, higher is better. */
export interface CallScores {
  accuracy: number;
  softAccuracy: number;
  samples: number;
}

/** A call with each argument as a string that is equal for equal values. */
interface ComparableCall {
  name: string;
  /** Only arguments that the call gives, and not as null. */
  given: Map<string, string>;
  /** The defaults of its function, in the same form. */
  defaults: Map<string, string>;
  /** The whole call, defaults left out. */
  key: string;
}

function comparable(calls: readonly Call[], functions: ReadonlyMap<string, FunctionSchema>): ComparableCall[] {
  const list = [...functions.values()];
  const out: ComparableCall[] = [];
  calls.forEach((call, i) => {
    const properties = functions.get(call.name)?.parameters.properties ?? {};
    const references = referencesBefore(calls, i, list);
    const given = new Map<string, string>();
    const defaults = new Map<string, string>();
    for (const [name, schema] of Object.entries(properties)) {
      if (schema.default !== undefined && schema.default !== null) defaults.set(name, valueKey(schema.default, schema));
    }
    for (const [name, value] of Object.entries(call.arguments)) {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (value !== null) given.set(name, valueKey(value, schema, references, out));
    }
    const parts = [...given]
      .filter(([name, value]) => defaults.get(name) !== value)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    out.push({ name: call.name, given, defaults, key: JSON.stringify([call.name, parts]) });
  });
  return out;
}

/** A string that is equal for equal values; `earlier` are the calls that references may name. */
function valueKey(
  value: Json,
  schema?: ParameterSchema,
  references: readonly Reference[] = [],
  earlier: readonly ComparableCall[] = [],
  insideList = false,
): string {
  const reference = fittingReference(value, references, schema, insideList);
  if (reference) {
    const key = `result of ${earlier[reference.number - 1]?.key}`;
    return !insideList && schema?.type === "array" ? JSON.stringify([key]) : key;
  }
  const itemKey = (item: Json) => valueKey(item, schema?.items, references, earlier, true);
  if (typeof value === "string" && schema && isStringList(schema)) return JSON.stringify([itemKey(value)]);
  if (Array.isArray(value)) return JSON.stringify(value.map(itemKey).sort());
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== null);
    const keyed = entries.map(([k, v]) => [k, valueKey(v, schema?.properties?.[k], references, earlier)] as const);
    return JSON.stringify(["object", ...keyed.sort(([a], [b]) => (a < b ? -1 : 1))]);
  }
  return JSON.stringify(typeof value === "string" ? normalizeSpace(value) : value);
}

const byName = (functions: readonly FunctionSchema[]) => new Map(functions.map((f) => [f.name, f]));

function sameCalls(predicted: readonly ComparableCall[], expected: readonly ComparableCall[]): boolean {
  if (predicted.length !== expected.length) return false;
  const keys = (calls: readonly ComparableCall[]) => calls.map((c) => c.key).sort();
  const wanted = keys(expected);
  return keys(predicted).every((key, i) => key === wanted[i]);
}

/** The share of right arguments among those that either call gives; 1 when neither gives any. */
function argumentShare(predicted: ComparableCall, expected: ComparableCall): number {
  const names = new Set([...predicted.given.keys(), ...expected.given.keys()]);
  if (names.size === 0) return 1;
  let right = 0;
  for (const name of names) {
    const value = (call: ComparableCall) => call.given.get(name) ?? call.defaults.get(name);
    if (value(predicted) === value(expected)) right++;
  }
  return right / names.size;
}

/** The scores of the calls of one answer, added up, and how many calls they are. */
function softScore(predicted: readonly ComparableCall[], expected: readonly ComparableCall[]): [number, number] {
  const left = new Set(predicted);
  let sum = 0;
  for (const call of expected) {
    let best: { score: number; call: ComparableCall } | undefined;
    for (const candidate of left) {
      if (candidate.name !== call.name) continue;
      const score = argumentShare(candidate, call);
      if (!best || score > best.score) best = { score, call: candidate };
    }
    if (!best) continue;
    left.delete(best.call);
    sum += best.score;
  }
  return [sum, Math.max(predicted.length, expected.length)];
}

/** Whether the prediction has exactly the expected calls (see the head of this file). */
export function callsEqual(
  predicted: readonly Call[] | null,
  expected: readonly Call[],
  functions: readonly FunctionSchema[],
): boolean {
  if (predicted === null) return false;
  const known = byName(functions);
  return sameCalls(comparable(predicted, known), comparable(expected, known));
}

/**
 * Both metrics over `pairs`.
 *
 * *Accuracy*: the share of samples whose calls are all right. *Soft accuracy*: each expected call is paired with the
 * predicted call of the same function that has most arguments right, and scores (arguments right) / (arguments that
 * either of the two gives), 1 when there are none, 0 when no call of that function is left; a predicted call without
 * a partner scores 0; the average is over all calls of all samples. An output that did not parse has no calls.
 * Throws nothing; without samples both are 0.
 *
 * @example
 * ```ts
 * scoreCalls([{ predicted: format.parse(text), expected: sample.answers }], functions); // { accuracy: 1, … }
 * ```
 */
export function scoreCalls(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): CallScores {
  const known = byName(functions);
  let right = 0;
  let sum = 0;
  let calls = 0;
  for (const pair of pairs) {
    const predicted = comparable(pair.predicted ?? [], known);
    const expected = comparable(pair.expected, known);
    if (pair.predicted !== null && sameCalls(predicted, expected)) right++;
    const [score, count] = softScore(predicted, expected);
    sum += score;
    calls += count;
  }
  const samples = pairs.length;
  return { accuracy: samples === 0 ? 0 : right / samples, softAccuracy: calls === 0 ? 0 : sum / calls, samples };
}

/** The share of samples whose calls are all right, 0..1. */
export function accuracy(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): number {
  return scoreCalls(pairs, functions).accuracy;
}

/** The share of right arguments, averaged over calls, 0..1; see `scoreCalls`. */
export function softAccuracy(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): number {
  return scoreCalls(pairs, functions).softAccuracy;
}
