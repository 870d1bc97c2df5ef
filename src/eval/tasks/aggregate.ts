// From values per document to one number, and its standard error: the formulas of lm-evaluation-harness, and where it has no
// formula its bootstrap with the same random numbers.
import { nextTurn } from "../../turn.ts";
import { PythonRandom } from "./python-random.ts";
import type { SampleValue } from "./twins.ts";

/** One way to make a number of many. */
interface Rule {
  value(values: readonly SampleValue[]): number;
  /** Whether it has a standard error: by the formula for means, by resampling, or not. */
  stderr: "mean" | "bootstrap" | null;
}

const mean = (values: readonly SampleValue[]) => sum(values as readonly number[]) / values.length;
const ratio = (values: readonly SampleValue[]) => {
  const pairs = values as readonly (readonly [number, number])[];
  return sum(pairs.map(([top]) => top)) / sum(pairs.map(([, bottom]) => bottom));
};

const rules = {
  mean: { value: mean, stderr: "mean" },
  median: {
    value: (values) => [...(values as readonly number[])].sort((a, b) => a - b)[Math.floor(values.length / 2)]!,
    stderr: "bootstrap",
  },
  nanmean: {
    value: (values) => mean((values as readonly number[]).filter((value) => !Number.isNaN(value))),
    stderr: "bootstrap",
  },
  perplexity: { value: (values) => Math.exp(-mean(values)), stderr: "bootstrap" },
  weighted_perplexity: { value: (values) => Math.exp(-ratio(values)), stderr: null },
  bits_per_byte: { value: (values) => -ratio(values) / Math.LN2, stderr: null },
  f1: { value: f1, stderr: "bootstrap" },
  matthews_corrcoef: { value: matthews, stderr: "bootstrap" },
  brier_score: { value: mean, stderr: null },
} as const satisfies Readonly<Record<string, Rule>>;

/** Names of the aggregations. */
export type Aggregation = keyof typeof rules;
export const aggregations = Object.keys(rules) as Aggregation[];

/** An aggregation by its name, or a twin of one written in Python. */
export type Aggregate = Aggregation | ((values: readonly SampleValue[]) => number);

/** The number for all values of a metric. */
export function aggregate(how: Aggregate, values: readonly SampleValue[]): number {
  return typeof how === "function" ? how(values) : rules[how].value(values);
}

/** The standard error of {@link aggregate}; null where there is none. `draws`: resamples of a bootstrap. */
export async function standardError(
  how: Aggregate,
  values: readonly SampleValue[],
  draws: number,
): Promise<number | null> {
  if (typeof how === "function") return null;
  const { stderr } = rules[how];
  if (stderr === null || values.length < 2) return null;
  if (stderr === "mean") return deviation(values as readonly number[]) / Math.sqrt(values.length);
  const results: number[] = [];
  const each = Math.min(1000, draws);
  for (let seed = 0; seed < Math.floor(draws / each); seed++) {
    const random = new PythonRandom(seed);
    for (let i = 0; i < each; i++) {
      results.push(
        aggregate(
          how,
          Array.from(random.choices(values.length, values.length), (at) => values[at]!),
        ),
      );
    }
    await nextTurn();
  }
  return deviation(results);
}

/** The average of a group's parts; `sizes` are weights, or null for equal ones. */
export function groupMean(values: readonly number[], sizes: readonly number[] | null): number {
  const weights = sizes ?? values.map(() => 1);
  return sum(values.map((value, i) => value * weights[i]!)) / sum(weights);
}

/** The standard error of {@link groupMean}: pooled for a mean by size, else that of a mean of independent parts. */
export function groupStderr(stderrs: readonly number[], sizes: readonly number[] | null): number {
  if (sizes === null) return Math.sqrt(sum(stderrs.map((stderr) => stderr ** 2))) / stderrs.length;
  const total = sum(sizes);
  const variance = sum(stderrs.map((stderr, i) => (sizes[i]! - 1) * stderr ** 2 * sizes[i]!)) / (total - sizes.length);
  return Math.sqrt(variance / total);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Standard deviation of a sample (n − 1). */
function deviation(values: readonly number[]): number {
  const average = sum(values) / values.length;
  return Math.sqrt(sum(values.map((value) => (value - average) ** 2)) / (values.length - 1));
}

function counts(values: readonly SampleValue[]) {
  const table = { both: 0, gold: 0, predicted: 0, neither: 0 };
  for (const [gold, predicted] of values as readonly (readonly [number, number])[]) {
    if (gold === 1) table[predicted === 1 ? "both" : "gold"]++;
    else table[predicted === 1 ? "predicted" : "neither"]++;
  }
  return table;
}

// Of the class 1.
function f1(values: readonly SampleValue[]): number {
  const { both, gold, predicted } = counts(values);
  return both === 0 ? 0 : (2 * both) / (2 * both + gold + predicted);
}

function matthews(values: readonly SampleValue[]): number {
  const { both, gold, predicted, neither } = counts(values);
  const scale = Math.sqrt((both + gold) * (both + predicted) * (neither + gold) * (neither + predicted));
  return scale === 0 ? 0 : (both * neither - gold * predicted) / scale;
}
