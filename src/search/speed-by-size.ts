// Speed against depth and against width at equal size, over all shapes that a search judged: what Figure 3 of the PhoneLM
// paper shows for 36 of them.
import type { Evaluated } from "./evaluate.ts";
import { median } from "./statistics.ts";

/** Speeds of the shapes that share a depth or a width, tokens per second. */
export interface SpeedRange {
  /** Executed layers, or width. */
  at: number;
  shapes: number;
  slowest: number;
  median: number;
  fastest: number;
}

/** Ranges by executed layers and by width, ascending. */
export interface SpeedBySize {
  depth: { decode: SpeedRange[]; prefill: SpeedRange[] };
  width: { decode: SpeedRange[]; prefill: SpeedRange[] };
}

/** Groups all shapes by depth and by width. */
export function profileAxes(evaluated: Evaluated): SpeedBySize {
  const { space, count, decodeMs, prefillMs } = evaluated;
  const byDepth = new Map<number, number[]>();
  const byWidth = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const { layers, width, variant } = evaluated.code(i);
    push(byDepth, layers * space.variants[variant]!.layerRepeat, i);
    push(byWidth, width, i);
  }
  const both = (groups: Map<number, number[]>) => ({
    decode: rangesOf(groups, decodeMs),
    prefill: rangesOf(groups, prefillMs),
  });
  return { depth: both(byDepth), width: both(byWidth) };
}

function push(groups: Map<number, number[]>, key: number, index: number): void {
  const members = groups.get(key);
  if (members) members.push(index);
  else groups.set(key, [index]);
}

function rangesOf(groups: Map<number, number[]>, ms: Float64Array): SpeedRange[] {
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([at, members]) => {
      const times = members.map((i) => ms[i]!);
      const [least, most] = times.reduce(([low, high], t) => [Math.min(low, t), Math.max(high, t)], [Infinity, 0]);
      const speed = (time: number) => 1000 / time;
      return { at, shapes: members.length, slowest: speed(most), median: speed(median(times)), fastest: speed(least) };
    });
}
