// What a machine was like while something was measured: readings of two anchors, one that the processors bound and one that
// memory bounds. Both slower by as much: it runs at another pace, which times can be freed of. One slower than the other:
// it is in another state, where nothing compares. Pure arithmetic; who measures takes the readings.
import { meanTime, median } from "../statistics.ts";
import type { Anchor } from "./latency-profile.ts";

/** Microseconds of the anchors at one moment, or over a while: compute, memory. */
export type Reading = readonly number[];

/** How an operation's time goes with the anchors'. */
export type Weights = readonly [compute: number, memory: number];

/**
 * Weights of what the processors bound on all threads and on one, and of products whose weights come from memory. Fitted to
 * models of 10 to 480 MB, timed by turns with the anchors on a virtual machine whose processors others share (EPYC, Zen 4): of
 * the ± 13 to 19 % by which their prefill varied from second to second these leave 7 to 10, of decoding's ± 10 to 18 % 6 to 10.
 * Weights of 0.8 in all would leave a little less, for readings beside an operation tell only some of what happened to it; from
 * minute to minute, after a calibration, these fit better.
 */
export const boundBy = {
  compute: [0.95, 0],
  caller: [0.3, 0],
  memory: [0.35, 0.5],
} as const satisfies Record<string, Weights>;

/** Weights between those of what the processors bound, and of what streams its weights. */
function between(streamed: number): Weights {
  const { compute, memory } = boundBy;
  return [compute[0] + streamed * (memory[0] - compute[0]), compute[1] + streamed * (memory[1] - compute[1])];
}

/** Of products of so many tokens, a share of whose weights comes from memory. */
export function productWeights(tokens: number, streamed: number): Weights {
  if (tokens >= 16) return boundBy.compute;
  return between(tokens > 1 ? streamed / 2 : streamed);
}

/**
 * The share of a model's weights that comes from memory at every token, by its bytes and those of which half does: none of
 * half as many, all of twice as many.
 */
export function streamedShare(bytes: number, halfBytes: number): number {
  return Math.min(1, Math.max(0, 0.5 + 0.5 * Math.log2(bytes / halfBytes)));
}

/** Anchors may differ by this share in how much slower they are than the reference. */
export const anchorBound = 0.25;
/** A machine that is slower or faster than the reference by more than this share is not measured. */
export const paceBound = 0.25;

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
  const [compute, memory] = [0, 1].map((i) => Math.log(reading[i]! / reference[i]!)) as [number, number];
  const apart = Math.abs(compute - memory);
  const pace = Math.abs(compute + memory) / 2;
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
