// A measured cost as tables for the terminal: speeds and memory of every point, where time and memory go, a sustained run.
import type { Cost, CostPoint, SustainedRun } from "../../cost/result.ts";
import { formatBytes, formatDuration, formatPercent, formatRate, significant } from "../../format.ts";
import type { CommandIo } from "../io.ts";
import { type Column, formatTable } from "../table.ts";

/** Prints a cost. */
export function showCost(cost: Cost, io: CommandIo): void {
  const { points, breakdown, sustained, energy, notes, simd } = cost;
  io.print(pointTable(points));
  io.print(
    `\n  ${simd === "none" ? "plain TypeScript kernels" : `${simd} SIMD`}, KV cache ${points[0]?.kv ?? "int8"}; ±: half of` +
      ` largest − smallest of ${countRepeats(points)} repeats; measured in ${formatDuration(cost.seconds)}`,
  );
  if (breakdown !== null) io.print(`\n${breakdownTables(breakdown)}`);
  if (sustained !== null) io.print(`\n${sustainedTable(sustained)}`);
  io.print(`\n  energy: ${energy.source === null ? "not counted: " : `${energy.source}; `}${energy.note}`);
  for (const note of notes) io.print(`  note: ${note}`);
}

type Repeated = CostPoint["firstTokenMs"];

function pointTable(points: readonly CostPoint[]): string {
  const joules = points.some(({ decodeJoulesPerToken }) => decodeJoulesPerToken !== null);
  const numeric = (title: string): Column => ({ title, numeric: true });
  const columns: Column[] = [
    { title: "weights" },
    ...["threads", "prompt", "output", "first token ms", "prefill tok/s", "decode tok/s", "memory"].map(numeric),
    ...(joules ? ["prefill J/tok", "decode J/tok"].map(numeric) : []),
  ];
  const energy = (value: number | null) => (value === null ? "-" : significant(value));
  const rows = points.map((point) => [
    point.weights,
    String(point.threads),
    String(point.prompt),
    String(point.output),
    withSpread(point.firstTokenMs),
    withSpread(point.prefillTokensPerSecond),
    withSpread(point.decodeTokensPerSecond),
    formatBytes(point.memoryBytes),
    ...(joules ? [energy(point.prefillJoulesPerToken), energy(point.decodeJoulesPerToken)] : []),
  ]);
  return formatTable(columns, rows);
}

function withSpread({ median, spread, repeats }: Repeated): string {
  return `${formatRate(median)} ${repeats === 1 ? "" : `±${formatPercent(spread / 2, 0)}`.replace(" ", "")}`.padEnd(4);
}

function countRepeats(points: readonly CostPoint[]): string {
  const counts = points.map(({ firstTokenMs }) => firstTokenMs.repeats);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(most) : `${least} to ${most}`;
}

function breakdownTables({ prefill, decode, memory, processBytes }: NonNullable<Cost["breakdown"]>): string {
  const names = [...new Set([...prefill, ...decode].map(({ name }) => name))];
  const share = (shares: typeof prefill, name: string) => {
    const found = shares.find((one) => one.name === name);
    return found === undefined ? "-" : formatPercent(found.share);
  };
  const total = memory.reduce((all, { bytes }) => all + bytes, 0);
  const process = processBytes === undefined ? "" : `\n  the whole process: ${formatBytes(processBytes)}`;
  return [
    formatTable(
      [{ title: "time of the longest prompt" }, ...["prefill", "decode"].map((title) => ({ title, numeric: true }))],
      names.map((name) => [name, share(prefill, name), share(decode, name)]),
    ),
    "",
    formatTable(
      [{ title: "memory" }, { title: "", numeric: true }, { title: "share", numeric: true }],
      memory.map(({ name, bytes }) => [name, formatBytes(bytes), formatPercent(bytes / total)]),
    ) + process,
  ].join("\n");
}

// Ten rows tell how a run went.
const mostRows = 10;

function sustainedTable({ points, kept, weights, threads, context, seconds }: SustainedRun): string {
  const every = Math.ceil(points.length / mostRows);
  const shown = points.filter((_, i) => (points.length - 1 - i) % every === 0);
  const warm = points.some(({ celsius }) => celsius !== null);
  const columns = ["after", "decode tok/s", ...(warm ? ["°C"] : [])];
  return [
    `  ${formatDuration(seconds)} of decoding without a pause (${weights}, ${threads} ${threads === 1 ? "thread" : "threads"},` +
      ` context ${context}): at the end ${formatPercent(kept, 0)} of the best speed`,
    "",
    formatTable(
      columns.map((title) => ({ title, numeric: true })),
      shown.map(({ at, decodeTokensPerSecond, celsius }) => [
        formatDuration(Math.round(at)),
        formatRate(decodeTokensPerSecond),
        ...(warm ? [celsius === null ? "-" : String(Math.round(celsius))] : []),
      ]),
    ),
  ].join("\n");
}
