// Whether a machine stayed the same while it was measured: readings of a few fixed operations through the calibration.
// Pure arithmetic; calibrate.ts takes the readings.
import { median } from "../statistics.ts";
import type { Anchor } from "./latency-profile.ts";

/**
 * An anchor's reading may differ from its median by this share, and so may a calibration's first third from its last. Medians
 * of readings within it are off by a few percent; 10 % would refuse rented machines, whose memory others use as well.
 */
export const anchorBound = 0.15;

/** Readings of all anchors, in microseconds, at one moment. */
export type Reading = readonly number[];

/**
 * How the machine was most of the time: of the readings within the bound of one of them, as many as can be, each anchor's
 * median. A rented machine may know two states, such as its two processors sharing a cache or not.
 */
export function referenceOf(readings: readonly Reading[], bound: number): number[] {
  const near = readings.map((one) => readings.filter((other) => deviationOf(other, one) <= bound));
  const most = near.reduce((best, some) => (some.length > best.length ? some : best));
  return readings[0]!.map((_, anchor) => median(most.map((reading) => reading[anchor]!)));
}

/** What a profile's anchors say the machine was like: each one's median. */
export function readingOf(anchors: readonly Anchor[]): number[] {
  return anchors.map(({ times }) => median(times));
}

/** The largest share by which a reading's anchors differ from the reference. */
export function deviationOf(reading: Reading, reference: Reading): number {
  return reading.reduce((most, time, anchor) => Math.max(most, Math.abs(time / reference[anchor]! - 1)), 0);
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

/** Whether all anchors kept within the bound. */
export function isSteady(anchors: readonly Anchor[], bound: number): boolean {
  return anchors.every(({ spread, drift }) => spread <= bound && Math.abs(drift) <= bound);
}

/** The anchor that is furthest beyond the bound, in words. */
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
