// Records as one tidy table (RFC 4180): a row per record and number, so that a spreadsheet or a data frame can group them.
import type { ResultRecord } from "./record.ts";

type Cell = string | number | boolean | null | undefined;

/** Columns that every row of a record has. */
const recordColumns = {
  record: ({ id }) => id,
  date: ({ createdAt }) => createdAt,
  model: ({ model }) => model.name,
  model_hash: ({ model }) => model.hash,
  parameters: ({ model }) => model.parameters,
  catalogue: ({ model }) => model.catalogue,
  released: ({ model }) => model.released,
  device: ({ device }) => device.name,
  transport: ({ device }) => device.transport,
  platform: ({ device }) => `${device.platform} ${device.arch}`,
  cpu: ({ device }) => device.cpuModel,
  cores: ({ device }) => device.cores,
  runtime: ({ device }) => `${device.runtime.name} ${device.runtime.version}`,
  version: ({ tool }) => tool.version,
  commit: ({ tool }) => tool.commit,
  suite: ({ suite }) => suite,
} as const satisfies Record<string, (record: ResultRecord) => Cell>;

/** Columns of a number; those that it does not have are empty. */
const numberColumns = [
  ...["kind", "name", "task_version", "shots", "n", "weights", "kv", "threads", "prompt", "output"],
  ...["length", "depth", "metric", "value", "stderr", "spread", "higher_is_better"],
] as const;

/** A row's own part, by column. */
type NumberRow = Record<string, Cell>;

/** All numbers of records: of tasks, groups, calls, needles, points of cost and sustained runs, under one line of titles. */
export function recordsToCsv(records: readonly ResultRecord[]): string {
  const shared = Object.values(recordColumns);
  const lines = records.flatMap((record) => {
    const own = shared.map((column) => column(record));
    return numbersOf(record).map((row) => [...own, ...numberColumns.map((name) => row[name])]);
  });
  return [[...Object.keys(recordColumns), ...numberColumns], ...lines]
    .map((line) => `${line.map(cell).join(",")}\r\n`)
    .join("");
}

function numbersOf(record: ResultRecord): NumberRow[] {
  const { weights, kv } = record.config ?? {};
  const tasks = record.tasks.flatMap(({ kind, name, version, shots, n, metrics }) =>
    Object.entries(metrics).map(([metric, { value, stderr, higherIsBetter }]) => {
      const what = { kind, name, task_version: version, shots, n, weights, kv };
      return { ...what, metric, value, stderr, higher_is_better: higherIsBetter };
    }),
  );
  const calls = record.calls.flatMap(({ protocol, shots, n, weights, metrics }) =>
    Object.entries(metrics).map(([metric, { value, stderr }]) => {
      return { kind: "calls", name: protocol, shots, n, weights, metric, value, stderr, higher_is_better: true };
    }),
  );
  const needle = (record.needle ?? []).map(({ kind, length, depth, score, n }) => {
    const how = { weights: record.needleConfig?.weights, kv: record.needleConfig?.kv };
    return {
      kind: "needle",
      name: kind,
      n,
      ...how,
      length,
      depth,
      metric: "found",
      value: score,
      higher_is_better: true,
    };
  });
  return [...tasks, ...calls, ...needle, ...costNumbers(record)];
}

function costNumbers({ cost }: ResultRecord): NumberRow[] {
  const points = (cost?.points ?? []).flatMap((point) => {
    const { weights, kv, threads, prompt, output } = point;
    const where = { kind: "cost", weights, kv, threads, prompt, output };
    const timed = (["firstTokenMs", "prefillTokensPerSecond", "decodeTokensPerSecond"] as const).map((metric) => {
      const { median, spread, repeats } = point[metric];
      return { ...where, n: repeats, metric, value: median, spread, higher_is_better: metric !== "firstTokenMs" };
    });
    const single = (["memoryBytes", "prefillJoulesPerToken", "decodeJoulesPerToken"] as const).flatMap((metric) =>
      point[metric] === null ? [] : [{ ...where, metric, value: point[metric], higher_is_better: false }],
    );
    return [...timed, ...single];
  });
  if (!cost?.sustained) return points;
  const { weights, threads, context, seconds, kept } = cost.sustained;
  const sustained = { kind: "sustained", name: `${seconds} s`, weights, threads, length: context };
  return [...points, { ...sustained, metric: "kept", value: kept, higher_is_better: true }];
}

function cell(value: Cell): string {
  if (typeof value !== "string") return value === null || value === undefined ? "" : String(value);
  // A text that a spreadsheet would take for a formula begins with an apostrophe.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
