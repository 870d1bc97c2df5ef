// Calls against calls as DroidCall's checker compares them: every expected call with the one of its function that has most
// arguments right, each argument by its rule (comparison.ts).
//
// Strict: texts without regard to case and to white space at the ends, numbers by value, lists in any order and without
// regard to repetition, objects by key; "none", null and an argument left out are its default. A reference to an earlier
// result equals one to an equal call.
import { fittingReference, isStringList, referencesBefore } from "../../functions/references.ts";
import { normalizeSpace } from "../../functions/spans.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "../../functions/types.ts";
import { type Comparison, type ComparisonRules, comparisonOf } from "./comparison.ts";
import { sameMeaning } from "./meaning.ts";

/** How calls are compared: what is known of functions, the rules of arguments, and what becomes of free texts. */
export interface CompareOptions {
  functions: ReadonlyMap<string, FunctionSchema>;
  rules: ComparisonRules;
  texts: Comparison;
}

/** What an answer's calls have in common with the expected ones. */
export interface CallComparison {
  /** Arguments right, of `counted`: those of the expected calls' schemas that are not ignored; a call without any counts as one. */
  right: number;
  counted: number;
  /** Whether there are calls, or arguments, that nobody asked for. */
  tooMuch: boolean;
}

/** One argument of two calls. */
interface Pair {
  predicted: Json | undefined;
  expected: Json | undefined;
}

/** Compares an answer (null: it has no calls) with what was expected. */
export function compareCalls(
  predicted: readonly Call[] | null,
  expected: readonly Call[],
  options: CompareOptions,
): CallComparison {
  const comparer = new Comparer(predicted ?? [], expected, options);
  const left = new Set((predicted ?? []).keys());
  const total: CallComparison = { right: 0, counted: 0, tooMuch: false };
  for (const at of expected.keys()) {
    const scored = [...left].flatMap((index) => {
      const found = comparer.call(index, at);
      return found ? [{ index, ...found }] : [];
    });
    const best = scored.reduce<(typeof scored)[number] | null>((a, b) => (a && a.right >= b.right ? a : b), null);
    total.counted += best?.counted ?? comparer.size(at);
    if (!best) continue;
    left.delete(best.index);
    total.right += best.right;
    total.tooMuch ||= best.tooMuch;
  }
  total.tooMuch ||= left.size > 0;
  return total;
}

class Comparer {
  readonly #predicted: readonly Call[];
  readonly #expected: readonly Call[];
  readonly #options: CompareOptions;
  readonly #schemas: readonly FunctionSchema[];

  constructor(predicted: readonly Call[], expected: readonly Call[], options: CompareOptions) {
    this.#predicted = predicted;
    this.#expected = expected;
    this.#options = options;
    this.#schemas = [...options.functions.values()];
  }

  /** What a call that was not made would have counted. */
  size(at: number): number {
    return Math.max(1, this.#names(this.#expected[at]!, this.#expected[at]!).length);
  }

  /** Two calls; null when they are of different functions. */
  call(index: number, at: number): CallComparison | null {
    const [predicted, expected] = [this.#predicted[index]!, this.#expected[at]!];
    if (predicted.name !== expected.name) return null;
    const properties = this.#options.functions.get(expected.name)?.parameters.properties;
    const names = this.#names(predicted, expected);
    const right = names.filter((name) => this.#argument(name, index, at)).length;
    const unknown = ([name, value]: [string, Json]) => !isNone(value) && !Object.hasOwn(properties ?? {}, name);
    const tooMuch = properties !== undefined && Object.entries(predicted.arguments).some(unknown);
    return names.length === 0 ? { right: 1, counted: 1, tooMuch } : { right, counted: names.length, tooMuch };
  }

  /** Arguments that count: the schema's, or where there is none those that either call gives. */
  #names(predicted: Call, expected: Call): string[] {
    const schema = this.#options.functions.get(expected.name);
    const given = [...Object.keys(predicted.arguments), ...Object.keys(expected.arguments)];
    const names = schema ? Object.keys(schema.parameters.properties) : [...new Set(given)];
    return names.filter((name) => this.#how(expected.name, name) !== "ignore");
  }

  #how(name: string, argument: string): Comparison {
    const { functions, rules, texts } = this.#options;
    return comparisonOf(rules, name, argument, functions.get(name)?.parameters.properties[argument], texts);
  }

  #argument(name: string, index: number, at: number): boolean {
    const [predicted, expected] = [this.#predicted[index]!, this.#expected[at]!];
    const schema = this.#options.functions.get(expected.name)?.parameters.properties[name];
    const value = (call: Call) => {
      const given = Object.hasOwn(call.arguments, name) ? call.arguments[name] : undefined;
      return isNone(given) ? schema?.default : given;
    };
    const pair = { predicted: value(predicted), expected: value(expected) };
    return this.#equal(pair, this.#how(expected.name, name), schema, index, at);
  }

  #equal(pair: Pair, how: Comparison, schema: ParameterSchema | undefined, index: number, at: number): boolean {
    const { predicted, expected } = pair;
    if (isNone(predicted) || isNone(expected)) return isNone(predicted) && isNone(expected);
    const references = [
      fittingReference(predicted, referencesBefore(this.#predicted, index, this.#schemas), schema, true),
      fittingReference(expected, referencesBefore(this.#expected, at, this.#schemas), schema, true),
    ];
    const [ours, theirs] = references;
    if (ours && theirs) {
      const found = this.call(ours.number - 1, theirs.number - 1);
      return found !== null && found.right === found.counted;
    }
    if (ours || theirs) return false;
    const inside = (a: Json | undefined, b: Json | undefined, inner?: ParameterSchema) =>
      this.#equal({ predicted: a, expected: b }, how, inner, index, at);
    if (schema && isStringList(schema) && typeof predicted !== typeof expected) {
      return inside([predicted].flat() as Json, [expected].flat() as Json, schema);
    }
    if (Array.isArray(predicted) && Array.isArray(expected)) {
      const within = (item: Json, list: readonly Json[], turned: boolean) =>
        list.some((other) => (turned ? inside(other, item, schema?.items) : inside(item, other, schema?.items)));
      return (
        predicted.every((item) => within(item, expected, false)) &&
        expected.every((item) => within(item, predicted, true))
      );
    }
    if (isObject(predicted) && isObject(expected)) {
      const keys = new Set([...Object.keys(predicted), ...Object.keys(expected)]);
      const own = (object: Record<string, Json>, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);
      return [...keys].every((key) => inside(own(predicted, key), own(expected, key), schema?.properties?.[key]));
    }
    if (typeof predicted !== "string" || typeof expected !== "string") return predicted === expected;
    const plain = (text: string) => normalizeSpace(text).toLowerCase();
    return plain(predicted) === plain(expected) || (how === "meaning" && sameMeaning(predicted, expected));
  }
}

function isNone(value: Json | undefined): value is null | undefined {
  return value === undefined || value === null || (typeof value === "string" && value.trim().toLowerCase() === "none");
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
