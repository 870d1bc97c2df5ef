// Interpolation: exact at the points and for what is linear along each axis, monotone whatever is put in; gaps are filled.
import { describe, expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import { fillGaps } from "./fill-gaps.ts";
import { MonotoneGrid, pointsOf, rising } from "./grid.ts";

const axes = [
  [1, 4, 64],
  [128, 512, 4096],
  [32, 2048],
];
const plane = (a: number, b: number, c: number) => (2 + 3 * a) * (1 + b / 100) * (5 + c / 10);
const values = pointsOf(axes).map(([a, b, c]) => plane(a!, b!, c!));

describe("MonotoneGrid", () => {
  const grid = new MonotoneGrid({ axes, values });

  it("gives the values at its points", () => {
    pointsOf(axes).forEach(([a, b, c], i) => {
      expect(grid.at(a!, b, c) / values[i]!).toBeCloseTo(1, 12);
    });
  });

  it("is exact between them for what is linear along each axis", () => {
    for (const [a, b, c] of [
      [2, 300, 100],
      [40, 130, 2000],
      [63, 4000, 33],
    ] as const) {
      expect(grid.at(a, b, c) / plane(a, b, c)).toBeCloseTo(1, 12);
    }
  });

  it("is proportional beyond the last point, and above 0 below the first", () => {
    expect(grid.at(64, 8192, 32)).toBeCloseTo(2 * grid.at(64, 4096, 32), 6);
    expect(grid.at(1, 0, 0)).toBeGreaterThan(0);
    expect(grid.at(1, 0, 0)).toBeLessThan(grid.at(1, 128, 32));
  });

  it("rises along every axis, also where the values do not", () => {
    const random = createRandom(3);
    const noisy = new MonotoneGrid({ axes, values: values.map((value) => value * (0.4 + 1.2 * random.float())) });
    for (let i = 0; i < 2000; i++) {
      const point = [random.float() * 80, random.float() * 6000, random.float() * 3000] as const;
      const more = [point[0] + random.below(3), point[1] + random.below(300), point[2] + random.below(200)] as const;
      expect(noisy.at(...more)).toBeGreaterThanOrEqual(noisy.at(...point) * (1 - 1e-12));
    }
  });

  it("values in order are kept as they are, others become the mean of the surfaces around them", () => {
    expect(new MonotoneGrid({ axes: [[1, 2, 3]], values: [1, 5, 3] }).at(2)).toBe(4);
    expect(new MonotoneGrid({ axes: [[1, 2, 3]], values: [1, 3, 5] }).at(2)).toBe(3);
  });
});

describe("fillGaps", () => {
  it("continues what is linear along each axis", () => {
    const big = [
      [1, 4, 64],
      [128, 512, 2048, 8192],
      [32, 128, 2048],
    ];
    const truth = pointsOf(big).map(([a, b, c]) => plane(a!, b!, c!));
    const gaps = pointsOf(big).map(([a, b, c], i) => (a! * b! * c! > 4e6 ? Number.NaN : truth[i]!));
    expect(gaps.filter(Number.isNaN).length).toBeGreaterThan(5);
    fillGaps({ axes: big, values: gaps }).values.forEach((value, i) => {
      expect(value / truth[i]!).toBeCloseTo(1, 6);
    });
  });

  it("takes proportion where there is one neighbour, and refuses a grid without any", () => {
    expect(fillGaps({ axes: [[10, 30]], values: [2, Number.NaN] }).values).toEqual([2, 6]);
    expect(() => fillGaps({ axes: [[1, 2]], values: [Number.NaN, Number.NaN] })).toThrow("could be measured");
  });
});

describe("rising", () => {
  it("leaves what rises, and gives neighbours out of order their mean", () => {
    expect(rising([0, 0.2, 0.2, 1])).toEqual([0, 0.2, 0.2, 1]);
    expect(rising([1, 3, 2, 4])).toEqual([1, 2.5, 2.5, 4]);
    expect(rising([3, 2, 1])).toEqual([2, 2, 2]);
    expect(rising([])).toEqual([]);
  });

  it("is nearer to what it measured than the noise is, and not biased", () => {
    const random = createRandom(1, "noise");
    const truth = Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : 1));
    const curve = rising(truth.map((value) => value + 0.3 * random.normal()));
    const mean = (from: number, to: number) => curve.slice(from, to).reduce((sum, x) => sum + x, 0) / (to - from);
    expect(Math.abs(mean(20, 180))).toBeLessThan(0.05);
    expect(Math.abs(mean(220, 380) - 1)).toBeLessThan(0.05);
    expect(curve.every((value, i) => i === 0 || value >= curve[i - 1]!)).toBe(true);
  });
});
