// What handheld eval found out, as tables: of tasks and of needles.
import type { Evaluation, NeedleResult, TaskResult } from "../../eval/result.ts";
import { formatCount, formatDuration, significant } from "../../format.ts";
import type { CommandIo } from "../io.ts";
import { formatTable } from "../table.ts";

/** The results of tasks, a row per metric, and what went wrong. */
export function showTasks(tasks: readonly TaskResult[], io: CommandIo): void {
  const columns = [
    { title: "task" },
    { title: "version", numeric: true },
    { title: "shots", numeric: true },
    { title: "metric" },
    { title: "" },
    { title: "value", numeric: true },
    { title: "± stderr", numeric: true },
    { title: "n", numeric: true },
  ];
  io.print(formatTable(columns, tasks.flatMap(rowsOf)));
  for (const { name, error } of tasks) if (error) io.warn(`${name} was not run: ${error.message}`);
  for (const { name, truncated } of tasks) {
    if (truncated > 0)
      io.warn(`${name}: ${truncated} questions lost their beginning, being longer than the model's context`);
  }
}

/** What an evaluation took. */
export function showEffort({ tokens, seconds }: Evaluation, io: CommandIo): void {
  const saved = tokens.computed > 0 ? `; ${formatCount(tokens.shared)} more were shared` : "";
  io.print(`${formatCount(tokens.computed)} tokens in ${formatDuration(seconds)}${saved}`);
}

function rowsOf({ name, kind, version, shots, n, metrics, error }: TaskResult): string[][] {
  const title = kind === "group" ? `${name} (group)` : name;
  if (error) return [[title, String(version), String(shots), "not run", "", "", "", ""]];
  return Object.entries(metrics).map(([metric, { value, stderr, higherIsBetter }]) => [
    title,
    String(version),
    String(shots),
    metric,
    higherIsBetter ? "↑" : "↓",
    value === null ? "-" : significant(value, 4),
    stderr === null ? "-" : significant(stderr, 2),
    String(n),
  ]);
}

/** A heat map per kind: lengths down, depths across. */
export function showNeedle(cells: NeedleResult["cells"], io: CommandIo): void {
  for (const kind of new Set(cells.map((cell) => cell.kind))) {
    const own = cells.filter((cell) => cell.kind === kind);
    const depths = [...new Set(own.map(({ depth }) => depth))];
    const columns = [
      { title: `${kind}: tokens` },
      ...depths.map((depth) => ({ title: `${Math.round(depth * 100)} %`, numeric: true })),
    ];
    const rows = [...new Set(own.map(({ length }) => length))].map((length) => [
      String(length),
      ...depths.map((depth) => own.find((cell) => cell.length === length && cell.depth === depth)!.score.toFixed(2)),
    ]);
    io.print(formatTable(columns, rows));
  }
  io.print(`share of the hidden facts that were found, 0..1, higher is better; ${cells[0]?.n ?? 0} texts per cell`);
}
