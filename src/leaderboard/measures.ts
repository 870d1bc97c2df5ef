// Which numbers can be shown as a model's capability: each task at each number of shots, metrics of calls, the needle, and
// averages over fixed sets of tasks. Collected while rows are made.

import type { ResultRecord } from "../results/record.ts";
import { mainMetric } from "../results/select.ts";
import type { Measure, Row, Score } from "./data.ts";
import { rounded } from "./details.ts";
import { averages, isShare, taskLabel } from "./labels.ts";

/** The measures found so far, in a growing list; indices stay. */
export interface Measures {
  list: Measure[];
  index: Map<string, number>;
}

/** What of a measure its id does not say. */
type Facts = Omit<Measure, "id">;

export function createMeasures(): Measures {
  return { list: [], index: new Map() };
}

/** Index of a measure, which is added where it is new. */
export function measureOf({ list, index }: Measures, id: string, facts: Facts): number {
  const known = index.get(id);
  if (known !== undefined) return known;
  index.set(id, list.length);
  return list.push({ id, ...facts }) - 1;
}

/**
 * All that a record says a model can do. Tasks of a group are in its average; a task that could not be run has no score.
 * `versions` has the versions of each task over all records: where there are several they are measures of their own.
 */
export function recordScores(
  measures: Measures,
  record: ResultRecord,
  versions: ReadonlyMap<string, ReadonlySet<string>>,
): Map<number, Score> {
  const scores = new Map<number, Score>();
  const add = (id: string, facts: Facts, value: number | null, stderr: number | null) => {
    if (value === null) return;
    const score = { value: rounded(value, 4), stderr: stderr === null ? null : rounded(stderr, 2) };
    scores.set(measureOf(measures, id, facts), score);
  };
  const parts = new Set(record.tasks.flatMap((task) => task.parts ?? []));
  for (const task of record.tasks) {
    const metric = parts.has(task.name) ? null : mainMetric(task);
    if (metric === null) continue;
    const { name, higherIsBetter, value, stderr } = metric;
    const several = (versions.get(task.name)?.size ?? 0) > 1;
    const setting = `${task.shots}-shot${several ? `, version ${task.version}` : ""}`;
    const facts = { name: `${taskLabel(task.name)}, ${setting}`, group: "Tasks", higherIsBetter } as const;
    add(`${task.name}|${setting}`, { ...facts, share: isShare(name) }, value, stderr);
  }
  for (const { protocol, data, shots, metrics } of record.calls) {
    for (const [metric, { value, stderr }] of Object.entries(metrics)) {
      const setting = `${shots}-shot, ${data}`;
      const name = `${taskLabel(`${protocol}.${metric}`)}, ${setting}`;
      const facts = { name, group: "Function calls", higherIsBetter: true, share: isShare(metric) } as const;
      add(`${protocol}.${metric}|${setting}`, facts, value, stderr);
    }
  }
  for (const [kind, cells] of Map.groupBy(record.needle ?? [], (cell) => cell.kind)) {
    const facts = { name: `Needle, ${kind}: mean`, group: "Long texts", higherIsBetter: true, share: true } as const;
    add(`needle|${kind}`, facts, cells.reduce((sum, { score }) => sum + score, 0) / cells.length, null);
  }
  return scores;
}

/** Versions of each task over all records. */
export function taskVersions(records: readonly ResultRecord[]): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of records.flatMap(({ tasks }) => tasks)) {
    versions.set(name, (versions.get(name) ?? new Set()).add(String(version)));
  }
  return versions;
}

/** Adds the averages to the rows that have all their tasks; each row by itself, so that kinds never meet. */
export function addAverages(measures: Measures, rows: readonly Row[]): void {
  for (const { id, name, members } of averages) {
    const indices = members.map(([task, setting]) => measures.index.get(`${task}|${setting}`));
    if (indices.includes(undefined)) continue;
    for (const { scores } of rows) {
      const parts = indices.flatMap((at) => scores.get(at!) ?? []);
      if (parts.length < members.length) continue;
      const facts = { name, group: "Averages", higherIsBetter: true, share: true } as const;
      scores.set(measureOf(measures, id, facts), average(parts));
    }
  }
}

// Tasks are independent, so variances add up.
function average(parts: readonly Score[]): Score {
  const value = parts.reduce((sum, part) => sum + part.value, 0) / parts.length;
  const variance = parts.reduce<number | null>(
    (sum, { stderr }) => (sum === null || stderr === null ? null : sum + stderr ** 2),
    0,
  );
  const stderr = variance === null ? null : rounded(Math.sqrt(variance) / parts.length, 2);
  return { value: rounded(value, 4), stderr };
}
