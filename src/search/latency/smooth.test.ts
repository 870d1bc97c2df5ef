// Smoothing of grids: surfaces that are known, with noise that is drawn.
import { describe, expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import { median } from "../statistics.ts";
import { pointsOf } from "./grid.ts";
import { smoothGrid } from "./smooth.ts";

const axes = [
  [1, 4, 16, 64, 256],
  [128, 512, 2048, 8192],
  [128, 512, 2048, 8192],
];
/** Microseconds of products: something for beginning, arithmetic, and memory where there are few tokens. */
const truth = pointsOf(axes).map(([N, M, K]) => 2 + (M! * K! * (0.5 + N! / 16)) / 30_000);

/** What is measured in so many visits of every point when each is off by a normally distributed share. */
function measured(visits: number, noise: number): number[][] {
  const random = createRandom(1, "noise");
  return truth.map((value) => Array.from({ length: visits }, () => value * Math.exp(noise * random.normal())));
}

/** Root of the mean squared error of logarithms. */
function errorOf(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value, i) => sum + Math.log(value / truth[i]!) ** 2, 0) / values.length);
}

const medians = (repeats: readonly (readonly number[])[]) => repeats.map(median);

describe("smoothGrid", () => {
  it("leaves what repeats agree on", () => {
    expect(errorOf(smoothGrid(axes, measured(2, 0)))).toBeLessThan(0.002);
    const [repeats, noise] = [measured(3, 0.01), 0.01];
    expect(errorOf(smoothGrid(axes, repeats))).toBeLessThan(noise);
  });

  it("takes noise away where there is much, whether repeats show it or it is supposed", () => {
    for (const repeats of [measured(1, 0.1), measured(2, 0.12)]) {
      expect(errorOf(smoothGrid(axes, repeats))).toBeLessThan(0.75 * errorOf(medians(repeats)));
    }
  });

  it("knows nothing of points that were not measured", () => {
    const repeats = measured(2, 0.05).map((some, i) => (i % 7 === 3 ? null : some));
    const values = smoothGrid(axes, repeats);
    expect(values.map(Number.isNaN)).toEqual(repeats.map((some) => some === null));
  });

  it("takes a single point as it is", () => {
    expect(smoothGrid([[1], [64]], [[3, 3.2, 2.9]])[0]).toBeCloseTo(3, 2);
  });
});
