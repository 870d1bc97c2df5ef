// Holds whole models against the sums of their operations: a factor for each part, and how far off what was left out is.
import type { Factors, Phase } from "./latency-profile.ts";
import { type Part, parts } from "./plan.ts";
import type { PartTimes } from "./times.ts";

/** One whole model, in microseconds. */
export interface Observation {
  times: PartTimes;
  measured: number;
}

/** Factors of all observations, and what each observation is predicted as by those of the others. */
export interface FactorFit {
  factors: Factors;
  /** Microseconds predicted of each observation without it. */
  predicted: number[];
  /** Standard deviation of log(measured ÷ predicted). */
  deviation: number;
}

/** What a factor is where the observations say nothing. */
export const plainFactors: Factors = { matrices: 1, repeats: 1, head: 1, attention: 1, rest: 1, calls: 0 };
/**
 * How strongly a factor is held at that, by phase: as by so many observations all of whose time is that part's. In decoding
 * matrices are as fast as memory, which the operations say better than a few models do: of 48 models of 50 M to 1.5 B (EPYC,
 * 2 threads), 15 others known, 90 % are within 10 %, and 83 % where they are held no more than in prefill.
 */
export const holds: Record<Phase, Factors> = {
  prefill: { matrices: 0.02, repeats: 1, head: 0.02, attention: 0.02, rest: 0.02, calls: 0.002 },
  decode: { matrices: 10, repeats: 3, head: 10, attention: 0.1, rest: 0.1, calls: 0.002 },
};
const most = 3;

/** Fits factors by least squares of relative errors, held at the plain ones where the observations say little of a part. */
export function fitFactors(observations: readonly Observation[], hold: Factors): FactorFit {
  const factors = leastSquares(observations, hold);
  const predicted = observations.map((one, i) => {
    return total(
      one.times,
      leastSquares(
        observations.filter((_, j) => j !== i),
        hold,
      ),
    );
  });
  const squares = observations.map(({ measured }, i) => Math.log(measured / predicted[i]!) ** 2);
  const mean = squares.reduce((sum, value) => sum + value, 0) / Math.max(1, squares.length);
  return { factors, predicted, deviation: Math.sqrt(mean) };
}

/** Microseconds of all parts with their factors. */
export function total(times: PartTimes, factors: Factors): number {
  return parts.reduce((sum, part) => sum + times[part] * factors[part], 0);
}

// One factor after the other, each at its best given the others and within its range, until nothing moves.
function leastSquares(observations: readonly Observation[], hold: Factors): Factors {
  const factors = { ...plainFactors };
  for (let sweep = 0; sweep < 200; sweep++) {
    for (const part of parts) factors[part] = best(part, factors, observations, hold);
  }
  return factors;
}

function best(part: Part, factors: Factors, observations: readonly Observation[], hold: Factors): number {
  let [product, square] = [hold[part] * plainFactors[part], hold[part]];
  for (const { times, measured } of observations) {
    const own = times[part] / measured;
    const others = total(times, factors) / measured - own * factors[part];
    product += own * (1 - others);
    square += own * own;
  }
  // A part takes some time; calls need not take more.
  return Math.min(most, Math.max(plainFactors[part] / most, product / square));
}
