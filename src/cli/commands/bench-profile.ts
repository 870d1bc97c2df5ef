// bench --profile: where time and memory go, as tables for the terminal and as bars in an SVG file.
import { writeFile } from "node:fs/promises";
import { HandheldError } from "../../errors.ts";
import { formatBytes, formatPercent } from "../../format.ts";
import { type Operator, operators } from "../../kernels/backend.ts";
import type { Decoder } from "../../model/decoder.ts";
import { renderStackedBars } from "../../report/stacked-bars.ts";
import { type MemoryUse, memoryUse, type Profile, profileDecode, profilePrefill, sum } from "../../search/profile.ts";
import { mostDecoded } from "../../search/timing.ts";
import type { CommandIo } from "../io.ts";
import { formatTable } from "../table.ts";

/** Everything that bench --profile finds out. */
export interface BenchProfile {
  profiles: Profile[];
  /** Bytes, with a session of the longest measured length open. */
  memory: MemoryUse;
}

const titles: Record<Operator, string> = {
  embedding: "embedding",
  norms: "norms",
  projections: "attention projections",
  attention: "attention",
  ffn: "FFN",
  head: "head",
  sampling: "sampling (greedy)",
  other: "other",
};

const uses: Record<keyof MemoryUse, string> = {
  embedding: "embedding and head",
  attention: "attention weights",
  ffn: "FFN weights",
  norms: "norms",
  cache: "KV cache",
  buffers: "activations, logits",
};

type Sizes = { prefill: readonly number[]; decode: readonly number[]; repeats: number };

/** Repeats are cut so small that some find the machine undisturbed. */
const slices = 4;

/** Profiles every prompt length and context. */
export async function profileModel(decoder: Decoder, sizes: Sizes, io: CommandIo): Promise<BenchProfile> {
  const options = { repeats: slices * sizes.repeats, signal: io.signal };
  const progress = io.progress("Profiling", {
    total: sizes.prefill.length + sizes.decode.length,
    unit: "measurements",
  });
  const profiles: Profile[] = [];
  const buffersBytes = decoder.backend.allocatedBytes - decoder.weights.bytes;
  for (const tokens of sizes.prefill) {
    progress.update(profiles.length, `prefill of ${tokens}`);
    profiles.push(await profilePrefill(decoder, tokens, options));
  }
  for (const context of sizes.decode) {
    progress.update(profiles.length, `decode at ${context}`);
    profiles.push(await profileDecode(decoder, context, options));
  }
  progress.finish();
  const capacity = Math.max(...sizes.prefill, ...sizes.decode) + mostDecoded;
  return { profiles, memory: memoryUse(decoder, capacity, buffersBytes) };
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
      ...shown.map((operator) => line(titles[operator], ({ busyMs }) => busyMs[operator])),
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
      (Object.keys(uses) as (keyof MemoryUse)[]).map((use) => [
        uses[use],
        formatBytes(memory[use]),
        formatPercent(memory[use] / bytes, 0),
      ]),
    ),
  ].join("\n");
}

/** Writes the bars. @throws HandheldError `io` */
export async function drawProfile(path: string, title: string, device: string, profile: BenchProfile): Promise<void> {
  const order = [...operators].sort(byTitle);
  const bars = profile.profiles.map((one) => ({
    label: name(one),
    total: `${milliseconds(one.totalMs)} ms${one.phase === "decode" ? " a token" : ""}`,
    parts: [
      ...order.map((operator) => ({ name: titles[operator], value: one.busyMs[operator] })),
      { name: "barrier wait", value: sum(one.waitingMs) },
      { name: "outside the kernels", value: one.outsideMs },
    ].filter(({ name }) => name !== titles.other),
  }));
  const parts = (Object.keys(uses) as (keyof MemoryUse)[]).map((use) => ({
    name: uses[use],
    value: profile.memory[use],
  }));
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
  const order = Object.keys(titles);
  return order.indexOf(a) - order.indexOf(b);
}

function name({ phase, tokens }: Profile): string {
  return phase === "prefill" ? `prefill of ${tokens}` : `decode at ${tokens}`;
}

function milliseconds(ms: number): string {
  return ms.toFixed(ms < 1 ? 3 : ms < 100 ? 2 : 0);
}
