// Records on the terminal: a list, one in full, two beside each other.
import { formatBytes, formatCount, formatRate, significant } from "../../format.ts";
import type { Comparison, MetricComparison } from "../../results/compare.ts";
import type { CostComparison } from "../../results/compare-cost.ts";
import type { ResultRecord } from "../../results/record.ts";
import { fastestPoint, scoreOf } from "../../results/select.ts";
import type { CommandIo } from "../io.ts";
import { formatTable } from "../table.ts";
import { showNeedle, showTasks } from "./eval-tables.ts";
import { showCost } from "./show-cost.ts";

/** A row per record; `task`: whose score is shown instead of the mean. */
export function showList(records: readonly ResultRecord[], task: string | undefined, io: CommandIo): void {
  const columns = [
    ...["id", "model", "device", "asked"].map((title) => ({ title })),
    ...["params", task ?? "score", "decode", "prefill", "memory"].map((title) => ({ title, numeric: true })),
  ];
  const rows = records.map((record) => {
    const score = scoreOf(record, task);
    const point = fastestPoint(record);
    return [
      ...[record.id, cutPath(record.model.name, 32), cut(`${record.device.name} ${record.device.cpuModel ?? ""}`, 24)],
      ...[askedOf(record), formatCount(record.model.parameters)],
      ...[score === null ? "-" : significant(score.value, 3)],
      ...[point === null ? "-" : formatRate(point.decodeTokensPerSecond.median)],
      ...[point === null ? "-" : formatRate(point.prefillTokensPerSecond.median)],
      ...[point === null ? "-" : formatBytes(point.memoryBytes)],
    ];
  });
  io.print(formatTable(columns, rows));
  const score = task === undefined ? "score: the mean of the tasks' acc_norm, else acc, else exact_match; " : "";
  io.print(`\n  ${score}decode and prefill: tokens/s of the fastest form`);
}

function askedOf({ suite, tasks, calls, needle, cost }: ResultRecord): string {
  const failed = tasks.filter(({ error }) => error).length;
  const names = suite ?? tasks.map(({ name }) => name).join(",");
  const parts = [
    ...(names === "" ? [] : [`${cut(names, 24)}${failed > 0 ? ` (${failed} failed)` : ""}`]),
    ...calls.map(({ protocol }) => protocol),
    ...(needle === null ? [] : ["needle"]),
    ...(cost === null ? [] : ["cost"]),
  ];
  return parts.join(", ");
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The end of a path says which model it is. */
function cutPath(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(1 - length)}`;
}

/** All that a record says. */
export function showRecord(record: ResultRecord, io: CommandIo): void {
  const { model, device, tool, config } = record;
  const catalogue = model.catalogue === null ? "" : `, in the catalogue ${model.catalogue} (${model.released})`;
  const lines = [
    ["record", `${record.id}, ${record.createdAt}`],
    ["model", `${model.name}, ${formatCount(model.parameters)} parameters${catalogue}`],
    ["files", model.hash === null ? "none: random weights" : `SHA-256 ${model.hash}`],
    ["device", `${device.name}: ${device.cpuModel ?? device.arch}, ${device.cores} cores, ${device.platform}`],
    [
      "engine",
      `handheld ${tool.version} (${tool.commit ?? "no commit"}), ${device.runtime.name} ${device.runtime.version}`,
    ],
    ...(config === null
      ? []
      : [
          [
            "settings",
            Object.entries(config)
              .map(([key, value]) => `${key} ${value}`)
              .join(", "),
          ],
        ]),
    ...record.notes.map((note) => ["note", note]),
    ...(record.samplesFile === null ? [] : [["samples", record.samplesFile]]),
  ];
  for (const [title, text] of lines) io.print(`${title!.padEnd(9)} ${text}`);
  if (record.tasks.length > 0) showTasks(record.tasks, io);
  if (record.calls.length > 0) showCalls(record.calls, io);
  if (record.needle !== null) showNeedle(record.needle, io);
  if (record.cost !== null) showCost(record.cost, io);
}

function showCalls(calls: ResultRecord["calls"], io: CommandIo): void {
  const columns = ["protocol", "data", "shots", "metric", "value", "± stderr", "n"].map((title, i) => ({
    title,
    numeric: i > 3,
  }));
  const rows = calls.flatMap(({ protocol, data, shots, n, metrics }) =>
    Object.entries(metrics).map(([metric, { value, stderr }]) => {
      return [protocol, data, String(shots), metric, shown(value), shown(stderr, 2), String(n)];
    }),
  );
  io.print(formatTable(columns, rows));
}

/** Two records beside each other. */
export function showComparison({ a, b, differences, metrics, cost }: Comparison, io: CommandIo): void {
  io.print(`A  ${a}\nB  ${b}`);
  for (const line of differences) io.print(`   ${line}`);
  if (metrics.length > 0) {
    const columns = [
      ...["task", "shots", "metric", ""].map((title) => ({ title })),
      ...["A", "B", "B − A", "95 % interval", "p", "p (Holm)"].map((title) => ({ title, numeric: true })),
      ...["test", "better"].map((title) => ({ title })),
    ];
    io.print(formatTable(columns, metrics.map(metricRow)));
    io.print("  p (Holm): corrected over all tasks with this metric; better: where it is below 0.05");
  }
  if (cost.length > 0) {
    const columns = [
      ...["weights", "quantity", ""].map((title) => ({ title })),
      ...["threads", "prompt", "output", "A", "B", "B ÷ A", "with the spread"].map((title) => ({
        title,
        numeric: true,
      })),
    ];
    io.print(formatTable(columns, cost.map(costRow)));
  }
  if (metrics.length + cost.length === 0) io.print("  they have no task and no point of cost in common");
}

function metricRow({ kind, name, shots, metric, higherIsBetter, n, ...found }: MetricComparison): string[] {
  const { a, b, difference, low, high, p, adjustedP, method, better } = found;
  const interval = low === null ? "-" : `${signed(low)} … ${signed(high!)}`;
  const test = {
    mcnemar: "McNemar",
    "paired-z": "paired z",
    "paired-bootstrap": "paired bootstrap",
    "two-sample-z": "z",
  };
  return [
    ...[kind === "task" ? name : `${name} (${kind})`, String(shots), metric, higherIsBetter ? "↑" : "↓"],
    ...[shown(a), shown(b), difference === null ? "-" : signed(difference), interval, chance(p), chance(adjustedP)],
    ...[method === null ? "-" : `${test[method]}, n = ${n}`, better === null ? "" : better.toUpperCase()],
  ];
}

function costRow(one: CostComparison): string[] {
  const { weights, quantity, higherIsBetter, threads, prompt, output, a, b, ratio, low, high } = one;
  const format = quantity === "memoryBytes" ? formatBytes : formatRate;
  const name = {
    ...{ firstTokenMs: "first token, ms", memoryBytes: "memory" },
    ...{ prefillTokensPerSecond: "prefill, tok/s", decodeTokensPerSecond: "decode, tok/s" },
  }[quantity];
  return [
    ...[weights[0] === weights[1] ? weights[0] : weights.join(" → "), name, higherIsBetter ? "↑" : "↓"],
    ...[threads, prompt, output].map(String),
    ...[format(a), format(b), shown(ratio, 3), `${shown(low, 3)} … ${shown(high, 3)}`],
  ];
}

function shown(value: number | null, digits = 4): string {
  return value === null ? "-" : significant(value, digits);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${significant(Math.abs(value), 3)}`;
}

function chance(p: number | null): string {
  return p === null ? "-" : p < 1e-4 ? "<0.0001" : p.toFixed(4);
}
