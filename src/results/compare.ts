// Two records beside each other: what differs between the runs, each metric with a test of its difference, each point of
// cost as a ratio.

import type { Metric, TaskResult } from "../eval/result.ts";
import { type Aggregation, aggregate, aggregations } from "../eval/tasks/aggregate.ts";
import type { SampleValue } from "../eval/tasks/twins.ts";
import { type CostComparison, compareCosts } from "./compare-cost.ts";
import type { ResultRecord } from "./record.ts";
import { type SampleValues, sampleKey } from "./samples.ts";
import { setupDifferences } from "./setup.ts";
import { holm, pairedBootstrap, pairedShares, pairedZ, type Tested, twoSampleZ } from "./statistics.ts";

/** How a difference was tested: paired by question, or from the two standard errors. */
export type TestMethod = "mcnemar" | "paired-z" | "paired-bootstrap" | "two-sample-z";

/** One metric of one task (group, protocol of calls, or kind of needle) in both records. */
export interface MetricComparison {
  kind: "task" | "group" | "calls" | "needle";
  name: string;
  shots: number;
  metric: string;
  higherIsBetter: boolean;
  a: number | null;
  b: number | null;
  /** b − a, its 95 % interval and p; null where they cannot be told. */
  difference: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
  /** p after Holm's correction over what has the same kind and metric. */
  adjustedP: number | null;
  method: TestMethod | null;
  /** Questions that were paired, or the smaller number of the two. */
  n: number;
  /** Which record is better at 5 % after the correction; null: neither can be told to be. */
  better: "a" | "b" | null;
}

/** What {@link compareRecords} gives. */
export interface Comparison {
  a: string;
  b: string;
  /** What differs between the runs besides the numbers, in words. */
  differences: string[];
  metrics: MetricComparison[];
  cost: CostComparison[];
}

/** What both records have, before it is tested. */
interface Pair extends Pick<MetricComparison, "kind" | "name" | "shots" | "metric" | "higherIsBetter" | "n"> {
  a: { value: number | null; stderr: number | null };
  b: { value: number | null; stderr: number | null };
  /** The same questions' values on both sides, and what makes a number of them. */
  paired: { a: SampleValue[]; b: SampleValue[]; aggregation: Aggregation } | null;
}

/**
 * Compares two records. With the samples of both (see readSamples) the same questions are paired, which finds smaller
 * differences; without, the two are taken for independent.
 *
 * @example
 * ```ts
 * const samples = [await readSamples(folder, a), await readSamples(folder, b)] as const;
 * const { metrics } = compareRecords(a, b, samples);
 * ```
 */
export function compareRecords(
  a: ResultRecord,
  b: ResultRecord,
  samples: readonly [SampleValues | null, SampleValues | null] = [null, null],
): Comparison {
  const pairs = [...taskPairs(a, b, samples), ...callPairs(a, b), ...needlePairs(a, b)];
  return {
    a: a.id,
    b: b.id,
    differences: setupDifferences(a, b),
    metrics: corrected(pairs.map(compareMetric)),
    cost: compareCosts(a.cost, b.cost),
  };
}

function compareMetric({ a, b, paired, ...pair }: Pair): MetricComparison {
  const unknown = { difference: null, low: null, high: null, p: null, adjustedP: null, better: null };
  const empty = { ...pair, a: a.value, b: b.value, ...unknown, method: null };
  if (a.value === null || b.value === null) return empty;
  if (paired !== null) {
    const [tested, method] = testPairs(paired);
    return { ...empty, ...tested, method, n: paired.a.length };
  }
  if (a.stderr === null || b.stderr === null) return { ...empty, difference: b.value - a.value };
  return { ...empty, ...twoSampleZ(a.value, b.value, a.stderr, b.stderr), method: "two-sample-z" };
}

function testPairs({ a, b, aggregation }: NonNullable<Pair["paired"]>): [Tested, TestMethod] {
  if (aggregation !== "mean" && aggregation !== "brier_score") {
    return [pairedBootstrap(a, b, (values) => aggregate(aggregation, values)), "paired-bootstrap"];
  }
  const [left, right] = [a as number[], b as number[]];
  const shares = [...left, ...right].every((value) => value === 0 || value === 1);
  return shares ? [pairedShares(left, right), "mcnemar"] : [pairedZ(left, right), "paired-z"];
}

function corrected(compared: readonly MetricComparison[]): MetricComparison[] {
  const families = Map.groupBy(
    compared.filter(({ p }) => p !== null),
    ({ kind, metric }) => JSON.stringify([kind, metric]),
  );
  const adjusted = new Map<MetricComparison, number>();
  for (const family of families.values()) {
    const ps = holm(family.map(({ p }) => p!));
    for (const [i, one] of family.entries()) adjusted.set(one, ps[i]!);
  }
  return compared.map((one) => {
    const adjustedP = adjusted.get(one) ?? null;
    const told = adjustedP !== null && adjustedP < 0.05 && one.difference !== 0;
    const better = !told ? null : one.difference! > 0 === one.higherIsBetter ? "b" : "a";
    return { ...one, adjustedP, better };
  });
}

function taskPairs(
  a: ResultRecord,
  b: ResultRecord,
  samples: readonly [SampleValues | null, SampleValues | null],
): Pair[] {
  return a.tasks.flatMap((one) => {
    const other = b.tasks.find(
      ({ name, kind, shots }) => name === one.name && kind === one.kind && shots === one.shots,
    );
    if (!other) return [];
    return Object.entries(one.metrics).flatMap(([metric, left]) => {
      const right = other.metrics[metric];
      if (!right) return [];
      const paired = one.hash === other.hash ? pairedValues([a, b], [one, other], metric, samples) : null;
      const { kind, name, shots } = one;
      const { higherIsBetter } = left;
      return [{ kind, name, shots, metric, higherIsBetter, n: Math.min(one.n, other.n), a: left, b: right, paired }];
    });
  });
}

/** The values of both sides for the same questions; null where they are not there, or do not make the records' numbers. */
function pairedValues(
  records: readonly [ResultRecord, ResultRecord],
  results: readonly [TaskResult, TaskResult],
  metric: string,
  samples: readonly [SampleValues | null, SampleValues | null],
): Pair["paired"] {
  const sides = results.map((result, i) => {
    const values = samples[i] ? valuesOf(records[i]!, result, metric, samples[i]) : null;
    return values !== null && makes(values, result.metrics[metric]!) ? values : null;
  });
  const [left, right] = sides;
  if (!left || !right || left.size !== right.size || left.size < 2) return null;
  const keys = [...left.keys()];
  if (!keys.every((key) => right.has(key))) return null;
  const aggregation = aggregationOf(results[0].metrics[metric]!)!;
  return { a: keys.map((key) => left.get(key)!), b: keys.map((key) => right.get(key)!), aggregation };
}

/** A task's values by document; a group's are those of all its parts. */
function valuesOf(
  { tasks }: ResultRecord,
  { kind, name, shots, parts }: TaskResult,
  metric: string,
  samples: SampleValues,
): Map<string, SampleValue> | null {
  const tagged = (task: string, at: number) =>
    [...(samples.get(sampleKey(task, at, metric)) ?? [])].map(([i, value]) => [`${task}/${i}`, value] as const);
  if (kind === "task") return new Map(tagged(name, shots));
  const members = tasks.filter((task) => task.kind === "task" && parts?.includes(task.name) && metric in task.metrics);
  // A group of tasks that were run with several numbers of shots is not told apart here.
  if (new Set(members.map((task) => task.name)).size !== members.length) return null;
  return new Map(members.flatMap((task) => tagged(task.name, task.shots)));
}

/** Whether values are those that a record's number was made of. A group by equal weights is not made so. */
function makes(values: ReadonlyMap<string, SampleValue>, metric: Metric): boolean {
  const aggregation = aggregationOf(metric);
  if (values.size === 0 || metric.value === null || aggregation === null) return false;
  const made = aggregate(aggregation, [...values.values()]);
  return Math.abs(made - metric.value) <= 1e-9 * Math.max(1, Math.abs(metric.value));
}

/** Null for one that only the task's file knows. */
function aggregationOf({ aggregation = "mean" }: Metric): Aggregation | null {
  return aggregations.find((name) => name === aggregation) ?? null;
}

function callPairs(a: ResultRecord, b: ResultRecord): Pair[] {
  return a.calls.flatMap((one) => {
    const same = (other: typeof one) =>
      other.protocol === one.protocol && other.data === one.data && other.shots === one.shots;
    const other = b.calls.find(same);
    return Object.entries(one.metrics).flatMap(([metric, left]) => {
      const right = other?.metrics[metric];
      if (!other || !right) return [];
      const n = Math.min(one.n, other.n);
      const what = { kind: "calls" as const, name: one.protocol, shots: one.shots, metric, higherIsBetter: true, n };
      return [{ ...what, a: left, b: right, paired: null }];
    });
  });
}

/** Each kind of needle, its cells of the same length and depth paired. */
function needlePairs(a: ResultRecord, b: ResultRecord): Pair[] {
  const cells = (a.needle ?? []).flatMap((one) => {
    const other = b.needle?.find(
      ({ kind, length, depth }) => kind === one.kind && length === one.length && depth === one.depth,
    );
    return other ? [{ kind: one.kind, a: one.score, b: other.score }] : [];
  });
  return [...Map.groupBy(cells, ({ kind }) => kind)].map(([kind, own]) => {
    const [left, right] = [own.map((cell) => cell.a), own.map((cell) => cell.b)];
    const mean = (values: number[]) => ({ value: aggregate("mean", values), stderr: null });
    const paired = own.length < 2 ? null : { a: left, b: right, aggregation: "mean" as const };
    const what = {
      kind: "needle" as const,
      name: kind,
      shots: 0,
      metric: "found",
      higherIsBetter: true,
      n: own.length,
    };
    return { ...what, a: mean(left), b: mean(right), paired };
  });
}
