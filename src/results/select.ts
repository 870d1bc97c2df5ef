// Which records are meant and what they come to: filters, order, an id's beginning, and the few numbers of a row.
import type { CostPoint } from "../cost/result.ts";
import { HandheldError, suggest } from "../errors.ts";
import type { Metric, TaskResult } from "../eval/result.ts";
import type { ResultRecord } from "./record.ts";

/** What records must have; texts are compared without case. */
export interface RecordFilter {
  /** Part of the model's name, as it was given or in the catalogue. */
  model?: string | undefined;
  /** Name of a task or group that was run, or of a protocol of calls. */
  task?: string | undefined;
  /** Part of the device's, its processor's or its transport's name. */
  device?: string | undefined;
  suite?: string | undefined;
  /** ISO 8601: not made before. */
  since?: string | undefined;
}

/** The records that have all of it. */
export function selectRecords(records: readonly ResultRecord[], filter: RecordFilter): ResultRecord[] {
  const { model, task, device, suite, since } = filter;
  const within = (part: string | undefined, ...texts: (string | null)[]) =>
    part === undefined || texts.some((text) => text?.toLowerCase().includes(part.toLowerCase()));
  const same = (wanted: string | undefined, names: (string | null)[]) =>
    wanted === undefined || names.some((name) => name?.toLowerCase() === wanted.toLowerCase());
  return records.filter(
    (record) =>
      within(model, record.model.name, record.model.catalogue) &&
      same(task, [...record.tasks.map(({ name }) => name), ...record.calls.map(({ protocol }) => protocol)]) &&
      within(device, record.device.name, record.device.cpuModel, record.device.transport) &&
      same(suite, [record.suite]) &&
      (since === undefined || record.createdAt >= since),
  );
}

/** What records can be ordered by. */
export const recordOrders = ["date", "model", "parameters", "score", "decode", "prefill", "memory"] as const;
export type RecordOrder = (typeof recordOrders)[number];

/** Orders records: names upwards, the least parameters and bytes first, the newest, best and fastest first. */
export function sortRecords(records: readonly ResultRecord[], by: RecordOrder, task?: string): ResultRecord[] {
  const keys: Record<RecordOrder, (record: ResultRecord) => string | number | null> = {
    date: ({ createdAt }) => -Date.parse(createdAt),
    model: ({ model }) => model.name.toLowerCase(),
    parameters: ({ model }) => model.parameters,
    score: (record) => negative(scoreOf(record, task)?.value),
    decode: (record) => negative(fastestPoint(record)?.decodeTokensPerSecond.median),
    prefill: (record) => negative(fastestPoint(record)?.prefillTokensPerSecond.median),
    memory: (record) => fastestPoint(record)?.memoryBytes ?? null,
  };
  const keyed = records.map((record) => ({ record, key: keys[by](record) }));
  // Those without come last.
  keyed.sort((a, b) => (a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ record }) => record);
}

function negative(value: number | null | undefined): number | null {
  return typeof value === "number" ? -value : null;
}

/**
 * The record whose id begins so.
 *
 * @throws HandheldError `invalid-option` where there is none, or several
 */
export function findRecord(records: readonly ResultRecord[], id: string): ResultRecord {
  const ids = records.map((record) => record.id);
  const found = records.filter((record) => record.id.startsWith(id) || record.id.endsWith(`-${id}`));
  const exact = found.find((record) => record.id === id) ?? (found.length === 1 ? found[0] : undefined);
  if (exact) return exact;
  const some = found.slice(0, 4).map((record) => record.id);
  if (found.length > 0) {
    const more = found.length > some.length ? ` and ${found.length - some.length} more` : "";
    throw new HandheldError("invalid-option", `"${id}" is the beginning of ${some.join(", ")}${more}; give more of it`);
  }
  const hint = suggest(id, ids) || (ids.length > 0 ? `; the newest is ${ids.at(-1)}` : "; there are none yet");
  throw new HandheldError("invalid-option", `there is no record "${id}"${hint}`);
}

/** Metrics by which a task is known, the first that it has; else its first one. */
const preferred = ["acc_norm", "acc", "exact_match"];

/** The metric that stands for a task: `acc_norm` before `acc`, as the papers report. Null where it was not run. */
export function mainMetric({ metrics }: TaskResult): ({ name: string } & Metric) | null {
  const names = Object.keys(metrics);
  const name = preferred.map((wanted) => names.find((have) => have.split(",")[0] === wanted)).find(Boolean) ?? names[0];
  return name === undefined ? null : { name, ...metrics[name]! };
}

/** A record's one number: of `task`, or the mean over its tasks' accuracies, each group once. Null where it has none. */
export function scoreOf({ tasks }: ResultRecord, task?: string): { value: number; of: string } | null {
  if (task !== undefined) {
    const found = tasks.find(({ name, error }) => name.toLowerCase() === task.toLowerCase() && !error);
    const metric = found ? mainMetric(found) : null;
    return typeof metric?.value === "number" ? { value: metric.value, of: `${found!.name} ${metric.name}` } : null;
  }
  const inGroups = new Set(tasks.flatMap(({ parts }) => parts ?? []));
  const values = tasks
    .filter(({ name, kind }) => kind === "group" || !inGroups.has(name))
    .flatMap((one) => {
      const metric = mainMetric(one);
      const accuracy = metric && preferred.includes(metric.name.split(",")[0]!) ? metric.value : null;
      return accuracy === null ? [] : [accuracy];
    });
  if (values.length === 0) return null;
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  return { value, of: values.length === 1 ? "1 task" : `mean of ${values.length} tasks` };
}

/** The point of a record's cost with the fastest decoding. */
export function fastestPoint({ cost }: ResultRecord): CostPoint | null {
  const speed = (point: CostPoint) => point.decodeTokensPerSecond.median;
  return cost?.points.reduce<CostPoint | null>((best, p) => (best && speed(best) >= speed(p) ? best : p), null) ?? null;
}
