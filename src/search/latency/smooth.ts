// Frees a grid of times from noise: regression by a Gaussian process, which draws each point towards the surface through its
// neighbours as far as the repeats say that it is noise. Pure arithmetic.
import { covarianceFactor, solve } from "../cholesky.ts";
import { mean, median } from "../statistics.ts";
import { pointsOf } from "./grid.ts";

/**
 * What is known of such surfaces beforehand, as standard deviations of the logarithm of a time, the points of an axis being one
 * step apart: any height and slope are as likely as another, slopes change by some 10 % from step to step, and what else
 * there is, some 20 %, is alike where points are one or two steps apart. Half or twice as much changes predictions little.
 */
const prior = { height: 2, slope: 2, bend: 0.1, departure: 0.2, steps: 1.5 };
/** Variance of the logarithm of a repeat where no point has two, and of a value at least: 10 %, and 0.3 %. */
const [unknownNoise, leastNoise] = [0.01, 1e-5];

/**
 * The most likely value of every point of a grid.
 * @param repeats What was measured at each point, in the order of the grid's values; null where nothing was.
 * @returns NaN where nothing was measured
 */
export function smoothGrid(
  axes: readonly (readonly number[])[],
  repeats: readonly (readonly number[] | null)[],
): number[] {
  const steps = pointsOf(axes.map((axis) => axis.map((_, i) => i - (axis.length - 1) / 2)));
  const known = repeats.flatMap((some, i) => (some === null ? [] : [{ i, at: steps[i]!, repeats: some }]));
  const values = known.map((one) => Math.log(median(one.repeats)));
  const height = mean(values);
  const noise = noiseOf(known.map((one) => one.repeats));
  const noises = known.map((one) => Math.max(leastNoise, noise / one.repeats.length));
  const factor = covarianceFactor(noises, (i, j) => covarianceOf(known[i]!.at, known[j]!.at));
  const alpha = solve(
    factor,
    Float64Array.from(values, (value) => value - height),
  );
  const smooth = new Array<number>(repeats.length).fill(Number.NaN);
  known.forEach(({ i }, k) => {
    smooth[i] = Math.exp(values[k]! - noises[k]! * alpha[k]!);
  });
  return smooth;
}

function covarianceOf(p: readonly number[], q: readonly number[]): number {
  let [product, distance] = [0, 0];
  for (let k = 0; k < p.length; k++) {
    product += p[k]! * q[k]!;
    distance += (p[k]! - q[k]!) ** 2;
  }
  const departure = prior.departure ** 2 * Math.exp(-distance / (2 * prior.steps ** 2));
  return prior.height ** 2 + prior.slope ** 2 * product + prior.bend ** 2 * product ** 2 + departure;
}

/** Variance of the logarithm of one repeat, as all points together say. */
function noiseOf(repeats: readonly (readonly number[])[]): number {
  let [squares, freedom] = [0, 0];
  for (const some of repeats) {
    const logs = some.map(Math.log);
    const middle = mean(logs);
    squares += logs.reduce((sum, log) => sum + (log - middle) ** 2, 0);
    freedom += logs.length - 1;
  }
  return freedom === 0 ? unknownNoise : squares / freedom;
}
