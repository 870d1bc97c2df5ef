// What a machine was like while something was measured: readings of two fixed operations, one that arithmetic bounds and one
// that memory bounds. Both slower by as much: it runs at another pace, which times can be freed of. One slower than the other:
// it is in another state, where nothing compares. Pure arithmetic; who measures takes the readings.
import { meanTime, median } from "../statistics.ts";
import type { Anchor } from "./latency-profile.ts";

/** Microseconds of the anchors at one moment, or over a while: arithmetic, memory. */
export type Reading = readonly number[];

/** How an operation's time goes with the anchors': shares that add up to 1. */
export type Weights = readonly [arithmetic: number, memory: number];

/**
 * Weights of what arithmetic bounds, and of what is bound by streaming weights, where each is multiplied with something, too.
 * On a virtual machine whose processors others share (Xeon, Emerald Rapids) these leave ± 4 % of the ± 7 to 17 % by which
 * decoding varied from second to second, and ± 8 % of prefill's ± 13 to 20 %.
 */
export const boundBy = {
  arithmetic: [1, 0],
  both: [0.5, 0.5],
  memory: [0.25, 0.75],
} as const satisfies Record<string, Weights>;

/** How a product of so many tokens goes with the anchors, when its weights come from memory. */
export function productWeights(tokens: number): Weights {
  if (tokens >= 16) return boundBy.arithmetic;
  return tokens > 1 ? boundBy.both : boundBy.memory;
}

/** Anchors may differ by this share in how much slower they are than the reference. */
export const anchorBound = 0.15;
/** A machine that is slower or faster than the reference by more than this share is not measured. */
export const paceBound = 0.15;

/** How the machine was most of the time: of the readings that are like one of them, as many as can be, each anchor's median. */
export function referenceOf(readings: readonly Reading[], bound: number): number[] {
  const near = readings.map((one) => readings.filter((other) => isLike(other, one, bound)));
  const most = near.reduce((best, some) => (some.length > best.length ? some : best));
  return readings[0]!.map((_, anchor) => median(most.map((reading) => reading[anchor]!)));
}

/** What a profile's anchors say the machine was like: each one's median. */
export function readingOf(anchors: readonly Anchor[]): number[] {
  return anchors.map(({ times }) => median(times));
}

/** What several readings say together: each anchor's mean time. */
export function meanReading(readings: readonly Reading[]): number[] {
  return readings[0]!.map((_, anchor) => meanTime(readings.map((reading) => reading[anchor]!)));
}

/** By which factor what has these weights was slower than at the reference. */
export function paceOf(reading: Reading, reference: Reading, weights: Weights): number {
  return Math.exp(weights.reduce((sum, weight, i) => sum + weight * Math.log(reading[i]! / reference[i]!), 0));
}

/**
 * How unlike the reference a reading is: by which share one anchor is slower than the other; where the machine runs at a
 * pace beyond the bound, by that share.
 */
export function unlikeness(reading: Reading, reference: Reading): number {
  const [arithmetic, memory] = [0, 1].map((i) => Math.log(reading[i]! / reference[i]!)) as [number, number];
  const apart = Math.abs(arithmetic - memory);
  const pace = Math.abs(arithmetic + memory) / 2;
  return Math.expm1(pace > Math.log1p(paceBound) ? Math.max(apart, pace) : apart);
}

/** Whether a reading is as like the reference as `bound` asks. */
export function isLike(reading: Reading, reference: Reading, bound: number): boolean {
  return unlikeness(reading, reference) <= bound;
}

/** What the readings say of each anchor. */
export function summarize(names: readonly string[], readings: readonly Reading[]): Anchor[] {
  return names.map((name, anchor) => {
    const times = readings.map((reading) => reading[anchor]!);
    const third = Math.max(1, Math.floor(times.length / 3));
    return {
      name,
      times,
      spread: (quantile(times, 0.9) - quantile(times, 0.1)) / median(times),
      drift: median(times.slice(-third)) / median(times.slice(0, third)) - 1,
    };
  });
}

/** The anchor that varied most, in words. */
export function worstAnchor(anchors: readonly Anchor[]): string {
  const worst = anchors.reduce((most, one) => (badness(one) > badness(most) ? one : most));
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return `${worst.name} varied by ${percent(worst.spread)} and drifted by ${percent(worst.drift)}`;
}

function badness({ spread, drift }: Anchor): number {
  return Math.max(spread, Math.abs(drift));
}

/** The number below which a share of numbers lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))]!;
}
