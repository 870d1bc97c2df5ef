// bench --profile: where time and memory go, as tables for the terminal and as bars in an SVG file.
import { writeFile } from "node:fs/promises";
import { memoryParts, operatorTitles, type Profiles, profileAll, timeParts } from "../../cost/breakdown.ts";
import { HandheldError } from "../../errors.ts";
import { formatBytes, formatPercent } from "../../format.ts";
import { type Operator, operators } from "../../kernels/backend.ts";
import type { Decoder } from "../../model/decoder.ts";
import { renderStackedBars } from "../../report/stacked-bars.ts";
import { type Profile, sum } from "../../search/profile.ts";
import type { CommandIo } from "../io.ts";
import { formatTable } from "../table.ts";

/** Everything that bench --profile finds out. */
export type BenchProfile = Profiles;

type Sizes = { prefill: readonly number[]; decode: readonly number[]; repeats: number };

/** Repeats are cut so small that some find the machine undisturbed. */
const slices = 4;

/** Profiles every prompt length and context. */
export async function profileModel(decoder: Decoder, sizes: Sizes, io: CommandIo): Promise<BenchProfile> {
  const { prefill, decode } = sizes;
  const progress = io.progress("Profiling", { total: prefill.length + decode.length, unit: "measurements" });
  const options = { prefill, decode, repeats: slices * sizes.repeats, signal: io.signal };
  const found = await profileAll(decoder, { ...options, onProgress: (done, what) => progress.update(done, what) });
  progress.finish();
  return found;
}

/** The tables: a column per measurement, a row per operator. */
export function describeProfile({ profiles, memory }: BenchProfile): string {
  const cell = (ms: number, { totalMs }: Profile) =>
    `${milliseconds(ms)} ${formatPercent(ms / totalMs, 0).padStart(5)}`;
  const line = (title: string, of: (profile: Profile) => number) => [
    title,
    ...profiles.map((one) => cell(of(one), one)),
  ];
  const plain = (title: string, of: (profile: Profile) => string) => [title, ...profiles.map(of)];
  const shown = operators.filter((name) => profiles.some(({ busyMs }) => busyMs[name] > 0)).sort(byTitle);
  const columns = [{ title: "ms and share" }, ...profiles.map((profile) => ({ title: name(profile), numeric: true }))];
  const bytes = Object.values(memory).reduce((total, use) => total + use, 0);
  return [
    formatTable(columns, [
      ...shown.map((operator) => line(operatorTitles[operator], ({ busyMs }) => busyMs[operator])),
      line("barrier wait", ({ waitingMs }) => sum(waitingMs)),
      line("outside the kernels", ({ outsideMs }) => outsideMs),
      plain("total", ({ totalMs }) => milliseconds(totalMs)),
      plain("  without profile", ({ plainMs }) => milliseconds(plainMs)),
      plain("  the profile costs", ({ cost }) => formatPercent(cost)),
      plain("  median repeat slower by", ({ spread }) => formatPercent(spread)),
    ]),
    "  prefill: the whole prompt; decode: one token; times are means over the threads, of the fastest repeat",
    "",
    formatTable(
      [{ title: "memory" }, { title: "", numeric: true }, { title: "share", numeric: true }],
      memoryParts(memory).map(({ name: use, value }) => [use, formatBytes(value), formatPercent(value / bytes, 0)]),
    ),
  ].join("\n");
}

/** Writes the bars. @throws HandheldError `io` */
export async function drawProfile(path: string, title: string, device: string, profile: BenchProfile): Promise<void> {
  const bars = profile.profiles.map((one) => ({
    label: name(one),
    total: `${milliseconds(one.totalMs)} ms${one.phase === "decode" ? " a token" : ""}`,
    parts: timeParts(one).filter((part) => part.name !== operatorTitles.other),
  }));
  const parts = memoryParts(profile.memory);
  const total = formatBytes(parts.reduce((all, { value }) => all + value, 0));
  const costs = profile.profiles.map(({ cost }) => cost);
  const svg = renderStackedBars({
    title,
    notes: [
      device,
      `Profiling itself costs ${formatPercent(Math.min(...costs))} to ${formatPercent(Math.max(...costs))}.`,
    ],
    groups: [
      { title: "Time by operator", bars },
      { title: "Memory by use", bars: [{ label: "model and cache", total, parts }] },
    ],
  });
  try {
    await writeFile(path, svg);
  } catch (cause) {
    throw new HandheldError("io", `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

// In the order of a forward pass, as in the survey's figure.
function byTitle(a: Operator, b: Operator): number {
  const order = Object.keys(operatorTitles);
  return order.indexOf(a) - order.indexOf(b);
}

function name({ phase, tokens }: Profile): string {
  return phase === "prefill" ? `prefill of ${tokens}` : `decode at ${tokens}`;
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 1 ? 3 : ms < 100 ? 2 : 0);
}
