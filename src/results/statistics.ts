// The tests by which two results are compared: exact McNemar, paired and two-sample z, the paired bootstrap, and Holm's
// correction for many of them. All are two-sided. test/parity/results.test.ts holds them to scipy and numpy.
import { createRandom } from "../random.ts";

/** A difference with what chance could have made of it. */
export interface Tested {
  difference: number;
  /** 95 % interval of the difference. */
  low: number;
  high: number;
  /** Probability of a difference at least as large where there is none; null where it cannot be told. */
  p: number | null;
}

/** 97.5 % quantile of the standard normal distribution. */
const z975 = 1.959963984540054;

/** The complementary error function, to 1e-13 of itself: a series near 0, a continued fraction beyond. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 27) return 0;
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2) {
    // erf(x) = 2x e^(−x²)/√π · Σ (2x²)^n / (1·3·…·(2n+1))
    let [term, sum] = [1, 1];
    for (let n = 1; term > 1e-18 * sum; n++) sum += term *= (2 * x * x) / (2 * n + 1);
    return 1 - 2 * x * scale * sum;
  }
  // e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), from the inside out
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + n / 2 / tail;
  return scale / tail;
}

/** Probability that a standard normal number is further from 0 than `z`. */
export function normalTails(z: number): number {
  return erfc(Math.abs(z) / Math.SQRT2);
}

/** p of the exact McNemar test: of the questions that only one side has right, `onlyA` and `onlyB`, each is a fair coin. */
export function mcNemar(onlyA: number, onlyB: number): number {
  const [few, n] = [Math.min(onlyA, onlyB), onlyA + onlyB];
  // P(X ≤ few) of a binomial of n halves: its largest term, then the others by their ratios.
  let log = -n * Math.LN2;
  for (let i = 1; i <= few; i++) log += Math.log((n - i + 1) / i);
  let [ratio, sum] = [1, 0];
  for (let i = few; i >= 0; i--) {
    sum += ratio;
    ratio *= i / (n - i + 1);
  }
  return Math.min(1, 2 * Math.exp(log) * sum);
}

/** Two independent numbers with their standard errors; p is null where both are without error. */
export function twoSampleZ(a: number, b: number, stderrA: number, stderrB: number): Tested {
  return byNormal(b - a, Math.hypot(stderrA, stderrB));
}

/** The mean of the differences b − a of pairs, of which there are at least two. */
export function pairedZ(a: readonly number[], b: readonly number[]): Tested {
  const differences = a.map((value, i) => b[i]! - value);
  const mean = sum(differences) / differences.length;
  const variance = sum(differences.map((value) => (value - mean) ** 2)) / (differences.length - 1);
  return byNormal(mean, Math.sqrt(variance / differences.length));
}

/** Pairs of 0 and 1: the interval of {@link pairedZ}, and p of {@link mcNemar}. */
export function pairedShares(a: readonly number[], b: readonly number[]): Tested {
  const only = (side: readonly number[], other: readonly number[]) =>
    side.filter((value, i) => value === 1 && other[i] === 0).length;
  return { ...pairedZ(a, b), p: mcNemar(only(a, b), only(b, a)) };
}

/** Any number made of many pairs: questions are drawn again, with both sides' answers, `draws` times. */
export function pairedBootstrap<T>(
  a: readonly T[],
  b: readonly T[],
  number: (values: readonly T[]) => number,
  { draws = 2000, seed = 1 }: { draws?: number; seed?: number } = {},
): Tested {
  const random = createRandom(seed, "paired bootstrap");
  const found: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const picks = a.map(() => random.below(a.length));
    found.push(number(picks.map((i) => b[i]!)) - number(picks.map((i) => a[i]!)));
  }
  found.sort((x, y) => x - y);
  const at = (share: number) => found[Math.round(share * (draws - 1))]!;
  const beyond = (far: (value: number) => boolean) => (found.filter(far).length + 1) / (draws + 1);
  const [below, above] = [beyond((value) => value <= 0), beyond((value) => value >= 0)];
  const p = Math.min(1, 2 * Math.min(below, above));
  return { difference: number(b) - number(a), low: at(0.025), high: at(0.975), p };
}

/** Holm's correction: what each p of several tests is worth so that the chance of any false alarm stays below its level. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i]! - ps[j]!);
  const adjusted = new Array<number>(ps.length);
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (ps.length - rank) * ps[i]!));
    adjusted[i] = most;
  }
  return adjusted;
}

function byNormal(difference: number, stderr: number): Tested {
  const p = stderr > 0 ? normalTails(difference / stderr) : difference === 0 ? 1 : null;
  return { difference, low: difference - z975 * stderr, high: difference + z975 * stderr, p };
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
