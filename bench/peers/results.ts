// The results: every round's speeds as they were measured, and the medians that the table and the plot show.
import type { EngineReport } from "./engines/engine.ts";
import { type Engine, findEngine, type Place } from "./engines/registry.ts";
import { type MeasureOptions, median } from "./measure.ts";
import { shapeSpec } from "./shapes.ts";
import { readBytes } from "./weights/bytes.ts";

/** One process's part: an engine, a shape and a round; either a report or why there is none. */
export interface Run {
  shape: string;
  engine: string;
  round: number;
  report?: EngineReport | undefined;
  error?: string | undefined;
}

/** The file of results. Speeds are in tokens per second (higher is better). */
export interface Results {
  version: 1;
  date: string;
  commit: string;
  device: { cpuModel: string | null; cores: number; memoryBytes: number | null; platform: string; arch: string };
  versions: Record<string, string>;
  threads: number;
  rounds: number;
  options: MeasureOptions;
  /** Read bandwidth of the machine with the same threads, once per round. */
  bandwidthGBps: number[];
  runs: Run[];
}

/** A number over the rounds. */
export interface Statistic {
  median: number;
  /** (Highest − lowest) ÷ median. */
  spread: number;
  rounds: number;
}

/** What is compared: a phase at a length of the prompt. */
export interface Figure {
  phase: "prefill" | "decode";
  tokens: number;
}

/** An engine's speed in one figure with one shape. */
export interface Entry {
  engine: Engine;
  speed: Statistic;
  /** Share of the machine's read bandwidth that the engine's weights and cache alone account for; decode only. */
  bandwidthShare: number | null;
}

/** The figures of a run's options: prefill first, then decode. */
export function figuresOf({ prefill, decode }: MeasureOptions): Figure[] {
  const of = (phase: Figure["phase"], lengths: readonly number[]) => lengths.map((tokens) => ({ phase, tokens }));
  return [...of("prefill", prefill), ...of("decode", decode)];
}

/** Median and spread. @throws nothing; there must be at least one value */
export function statistic(values: readonly number[]): Statistic {
  const middle = median(values);
  return { median: middle, spread: (Math.max(...values) - Math.min(...values)) / middle, rounds: values.length };
}

/** Every engine that has the figure, in the order of the runs. */
export function entriesOf(results: Results, shape: string, place: Place, figure: Figure): Entry[] {
  const runs = results.runs.filter((run) => run.shape === shape && findEngine(run.engine).place === place);
  return [...Map.groupBy(runs, ({ engine }) => engine)].flatMap(([name, of]) => {
    const speeds = of.flatMap(({ report }) => {
      const found = report?.speeds.find(({ tokens }) => tokens === figure.tokens);
      return found?.[figure.phase] ?? [];
    });
    if (speeds.length === 0) return [];
    const engine = findEngine(name);
    const speed = statistic(speeds);
    return [
      { engine, speed, bandwidthShare: figure.phase === "decode" ? share(results, shape, figure, engine, of) : null },
    ];
  });
}

// Decoding starts at the figure's context and each token adds to it: the middle of the run counts.
function share(results: Results, shape: string, { tokens }: Figure, engine: Engine, runs: readonly Run[]): number {
  const shares = runs.flatMap(({ report }) => {
    const found = report?.speeds.find((speeds) => speeds.tokens === tokens);
    if (found?.decode == null) return [];
    const bytes = readBytes(shapeSpec(shape), tokens + found.decoded / 2, engine.stored);
    return (bytes * found.decode) / 1e9 / median(results.bandwidthGBps);
  });
  return median(shares);
}

/** Ours and the fastest of the peers, where both are there. */
export function compare(entries: readonly Entry[]): { ours: Entry; best: Entry; ratio: number } | null {
  const ours = entries.find(({ engine }) => engine.role === "ours");
  const peers = entries.filter(({ engine }) => engine.role === "peer");
  if (ours === undefined || peers.length === 0) return null;
  const best = peers.reduce((a, b) => (b.speed.median > a.speed.median ? b : a));
  return { ours, best, ratio: ours.speed.median / best.speed.median };
}
