// The statistics that searches and studies share: ranks, rank correlation with its interval, medians.
import { createRandom } from "../random.ts";
import type { Estimate } from "./latency/predictor.ts";

/** Middle of numbers; of two middle ones, their mean. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}

/** NaN for none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean of times, of which none counts for more than twice the median: a stolen time slice is no state of a machine. */
export function meanTime(times: readonly number[]): number {
  const most = 2 * median(times);
  return times.reduce((sum, time) => sum + Math.min(time, most), 0) / times.length;
}

/** Ranks from 0; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}

/** Spearman's rank correlation, −1..1; NaN where one side is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const middle = (x.length - 1) / 2;
  const product = (u: number[], v: number[]) =>
    u.reduce((sum, value, i) => sum + (value - middle) * (v[i]! - middle), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

/** {@link spearman} with a 90 % interval from 2,000 resamples of the pairs (percentile bootstrap, seeded). */
export function spearmanInterval(a: readonly number[], b: readonly number[], seed = 1): Estimate {
  const random = createRandom(seed, "bootstrap");
  const draws: number[] = [];
  while (draws.length < 2000) {
    const picks = a.map(() => random.below(a.length));
    const drawn = spearman(
      picks.map((i) => a[i]!),
      picks.map((i) => b[i]!),
    );
    if (Number.isFinite(drawn)) draws.push(drawn);
  }
  draws.sort((x, y) => x - y);
  const at = (share: number) => draws[Math.floor(share * (draws.length - 1))]!;
  return { value: spearman(a, b), low: at(0.05), high: at(0.95) };
}

/** A value that is known without an interval. */
export function exactly(value: number): Estimate {
  return { value, low: value, high: value };
}
