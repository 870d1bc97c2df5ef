// What only a model's page shows: every metric, the whole grid of costs, breakdowns, sustained runs, the needle. Flat lists,
// each referring to its run (or task) by index, so that they pack well; a run's own part reads as the record it was.
import type { Cost } from "../cost/result.ts";
import type { TaskResult } from "../eval/result.ts";
import type { CallsRecord, ResultRecord } from "../results/record.ts";
import { packTable, type Scalar, type Table, unpackTable } from "./columns.ts";

/** A record's own facts. */
export interface Run {
  id: string;
  /** ISO 8601, to the minute. */
  createdAt: string;
  tool: string;
  model: number;
  device: number;
  /** The beginning of the model's hash. */
  hash: string | null;
  suite: string | null;
  weights: string | null;
  kv: string | null;
  context: number | null;
  limit: number | null;
}

type Needle = NonNullable<ResultRecord["needle"]>[number];
type Point = Cost["points"][number];
type Sustained = NonNullable<Cost["sustained"]>;

/** Lists of all runs together. */
export interface Details {
  runs: Run[];
  tasks: (Omit<TaskResult, "parts" | "hash" | "metrics" | "error"> & { run: number; error: string | null })[];
  /** `task` is an index into {@link tasks}. */
  taskMetrics: { task: number; name: string; value: number | null; stderr: number | null; higher: 0 | 1 }[];
  calls: (Omit<CallsRecord, "metrics"> & { run: number })[];
  /** `call` is an index into {@link calls}. */
  callMetrics: { call: number; name: string; value: number | null; stderr: number | null }[];
  needle: (Needle & { run: number })[];
  costs: { run: number; simd: string; source: string | null; note: string; startedAt: string; seconds: number }[];
  points: {
    run: number;
    weights: string;
    kv: string;
    threads: number;
    prompt: number;
    output: number;
    repeats: number;
    firstTokenMs: number;
    firstTokenSpread: number;
    prefill: number;
    prefillSpread: number;
    decode: number;
    decodeSpread: number;
    memoryBytes: number;
    prefillJoules: number | null;
    decodeJoules: number | null;
  }[];
  /** Shares of time, and bytes. */
  parts: { run: number; whole: "prefill" | "decode" | "memory"; name: string; value: number }[];
  sustained: (Omit<Sustained, "points"> & { run: number })[];
  stretches: (Sustained["points"][number] & { run: number })[];
  notes: { run: number; of: "run" | "cost"; text: string }[];
}

/** {@link Details} as they are written. */
export type PackedDetails = Record<keyof Details, Table>;

export function emptyDetails(): Details {
  return {
    ...{ runs: [], tasks: [], taskMetrics: [], calls: [], callMetrics: [], needle: [], costs: [] },
    ...{ points: [], parts: [], sustained: [], stretches: [], notes: [] },
  };
}

export function packDetails(details: Details): PackedDetails {
  const entries = Object.entries(details) as [keyof Details, Record<string, Scalar>[]][];
  return Object.fromEntries(entries.map(([name, list]) => [name, packTable(list)])) as PackedDetails;
}

export function unpackDetails(packed: PackedDetails): Details {
  const entries = Object.entries(packed).map(([name, table]) => [name, unpackTable(table)]);
  return Object.fromEntries(entries) as unknown as Details;
}

/**
 * Adds a record to the lists, under the indices of its model and device, and returns its own. Numbers keep three digits,
 * four where they are what was asked for. Parts of groups (the 57 subjects of MMLU) are left to the record.
 */
export function addRun(details: Details, record: ResultRecord, model: number, device: number): number {
  const run = details.runs.length;
  const { config, tool } = record;
  details.runs.push({
    ...{ id: record.id, createdAt: record.createdAt.slice(0, 16), model, device, suite: record.suite },
    tool: tool.commit === null ? tool.version : `${tool.version}, commit ${tool.commit.slice(0, 10)}`,
    hash: record.model.hash?.slice(0, 12) ?? null,
    weights: config?.weights ?? null,
    kv: config?.kv ?? null,
    context: config?.context ?? null,
    limit: config?.limit ?? null,
  });
  addTasks(details, record.tasks, run);
  for (const { metrics, ...facts } of record.calls) {
    const call = details.calls.push({ run, ...facts }) - 1;
    for (const [name, { value, stderr }] of Object.entries(metrics)) {
      details.callMetrics.push({ call, name, value: maybe(value, 4), stderr: maybe(stderr, 2) });
    }
  }
  for (const { kind, length, depth, score, n } of record.needle ?? []) {
    details.needle.push({ run, kind, length, depth: rounded(depth, 3), score: rounded(score, 3), n });
  }
  if (record.cost !== null) addCost(details, record.cost, run);
  for (const text of record.notes) details.notes.push({ run, of: "run", text });
  return run;
}

function addTasks(details: Details, tasks: readonly TaskResult[], run: number): void {
  const parts = new Set(tasks.flatMap((task) => task.parts ?? []));
  for (const { name, kind, version, shots, n, truncated, metrics, error } of tasks) {
    if (parts.has(name)) continue;
    const facts = { name, kind, version, shots, n, truncated, error: error?.message ?? null };
    const task = details.tasks.push({ run, ...facts }) - 1;
    for (const [name, { value, stderr, higherIsBetter }] of Object.entries(metrics)) {
      const numbers = { value: maybe(value, 4), stderr: maybe(stderr, 2) };
      details.taskMetrics.push({ task, name, ...numbers, higher: higherIsBetter ? 1 : 0 });
    }
  }
}

// A line of a chart needs no more points; a run of an hour may have hundreds.
const mostStretches = 24;

function addCost(details: Details, cost: Cost, run: number): void {
  const { simd, energy, startedAt, seconds, breakdown, sustained } = cost;
  details.costs.push({ run, simd, ...energy, startedAt: startedAt.slice(0, 16), seconds: Math.round(seconds) });
  for (const { weights, kv, threads, prompt, output, ...measured } of cost.points) {
    const { firstTokenMs: first, prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = measured;
    details.points.push({
      ...{ run, weights, kv, threads, prompt, output, repeats: decode.repeats },
      ...{ firstTokenMs: rounded(first.median, 3), firstTokenSpread: rounded(first.spread, 2) },
      ...{ prefill: rounded(prefill.median, 3), prefillSpread: rounded(prefill.spread, 2) },
      ...{ decode: rounded(decode.median, 3), decodeSpread: rounded(decode.spread, 2) },
      memoryBytes: rounded(measured.memoryBytes, 3),
      prefillJoules: maybe(measured.prefillJoulesPerToken, 3),
      decodeJoules: maybe(measured.decodeJoulesPerToken, 3),
    });
  }
  for (const whole of ["prefill", "decode"] as const) {
    for (const { name, share } of breakdown?.[whole] ?? []) {
      details.parts.push({ run, whole, name, value: rounded(share, 3) });
    }
  }
  for (const { name, bytes } of breakdown?.memory ?? []) {
    details.parts.push({ run, whole: "memory", name, value: rounded(bytes, 3) });
  }
  if (sustained !== null) addSustained(details, sustained, run);
  for (const text of cost.notes) details.notes.push({ run, of: "cost", text });
}

function addSustained(details: Details, { points, ...facts }: Sustained, run: number): void {
  details.sustained.push({ run, ...facts, seconds: rounded(facts.seconds, 3), kept: rounded(facts.kept, 3) });
  const step = Math.ceil(points.length / mostStretches);
  for (let i = points.length - 1; i >= 0; i -= step) {
    const { at, decodeTokensPerSecond, celsius } = points[i]!;
    const numbers = { decodeTokensPerSecond: rounded(decodeTokensPerSecond, 3), celsius: maybe(celsius, 3) };
    details.stretches.push({ run, at: rounded(at, 3), ...numbers });
  }
}

/** What a run's part of the lists says, as it stood in its record. */
export type RunResults = Pick<ResultRecord, "tasks" | "calls" | "needle" | "cost" | "notes">;

/** Reads a run's part of the lists. */
export function runResults(details: Details, run: number): RunResults {
  const own = <T extends { run: number }>(list: readonly T[]) => list.filter((one) => one.run === run);
  const tasks = details.tasks.flatMap(({ run: of, error, ...task }, at): TaskResult[] => {
    if (of !== run) return [];
    const metrics = details.taskMetrics
      .filter((metric) => metric.task === at)
      .map(({ name, value, stderr, higher }) => [name, { value, stderr, higherIsBetter: higher === 1 }]);
    const failure = error === null ? {} : { error: { code: "failed", message: error } };
    return [{ ...task, hash: "", metrics: Object.fromEntries(metrics), ...failure }];
  });
  const calls = details.calls.flatMap(({ run: of, ...call }, at): CallsRecord[] => {
    if (of !== run) return [];
    const metrics = details.callMetrics
      .filter((metric) => metric.call === at)
      .map(({ name, value, stderr }) => [name, { value, stderr }]);
    return [{ ...call, metrics: Object.fromEntries(metrics) }];
  });
  const needle = own(details.needle);
  const notes = (of: "run" | "cost") => own(details.notes).flatMap((note) => (note.of === of ? [note.text] : []));
  const [cost] = own(details.costs);
  return {
    ...{ tasks, calls, needle: needle.length > 0 ? needle : null, notes: notes("run") },
    cost: cost === undefined ? null : runCost(details, cost, notes("cost")),
  };
}

function runCost(details: Details, cost: Details["costs"][number], notes: string[]): Cost {
  const { run, simd, source, note, startedAt, seconds } = cost;
  const parts = details.parts.filter((part) => part.run === run);
  const shares = (whole: "prefill" | "decode") =>
    parts.flatMap((part) => (part.whole === whole ? [{ name: part.name, share: part.value }] : []));
  const memory = parts.flatMap(({ whole, name, value }) => (whole === "memory" ? [{ name, bytes: value }] : []));
  const sustained = details.sustained.find((one) => one.run === run);
  const stretches = details.stretches.filter((one) => one.run === run).sort((a, b) => a.at - b.at);
  return {
    ...{ version: 1, simd, startedAt, seconds, notes, energy: { source, note } },
    points: details.points.filter((point) => point.run === run).map(pointOf),
    breakdown: parts.length === 0 ? null : { prefill: shares("prefill"), decode: shares("decode"), memory },
    sustained: sustained === undefined ? null : { ...sustained, points: stretches },
  };
}

function pointOf(flat: Details["points"][number]): Point {
  const { weights, kv, threads, prompt, output, repeats, memoryBytes } = flat;
  return {
    ...{ weights, kv, threads, prompt, output, memoryBytes },
    firstTokenMs: { median: flat.firstTokenMs, spread: flat.firstTokenSpread, repeats },
    prefillTokensPerSecond: { median: flat.prefill, spread: flat.prefillSpread, repeats },
    decodeTokensPerSecond: { median: flat.decode, spread: flat.decodeSpread, repeats },
    ...{ prefillJoulesPerToken: flat.prefillJoules, decodeJoulesPerToken: flat.decodeJoules },
  };
}

/** To so many significant digits. */
export function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function maybe(value: number | null, digits: number): number | null {
  return value === null ? null : rounded(value, digits);
}
