// The tests by which two runs are compared against scipy's and statsmodels', from a fixture that results_statistics.py wrote.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { aggregate } from "../../src/eval/tasks/aggregate.ts";
import {
  erfc,
  holm,
  mcNemar,
  pairedBootstrap,
  pairedShares,
  pairedZ,
  type Tested,
  twoSampleZ,
} from "../../src/results/statistics.ts";

type Expected = Tested & { a: number[]; b: number[] };
const fixture = JSON.parse(readFileSync(new URL("./fixtures/results-statistics.json", import.meta.url), "utf8")) as {
  erfc: [number, number][];
  mcnemar: [number, number, number][];
  shares: Expected[];
  means: Expected[];
  twoSample: (Tested & { a: number; b: number; stderrs: [number, number] })[];
  bootstrap: (Expected & { words: number[] })[];
  holm: { ps: number[]; adjusted: number[] }[];
};

const close = (found: number, wanted: number, relative: number) =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(relative * Math.abs(wanted));

describe("to 1e-11 of scipy and statsmodels", () => {
  it.each(fixture.erfc)("erfc(%d)", (x, wanted) => close(erfc(x), wanted, 1e-11));
  it.each(fixture.mcnemar)("McNemar's p of %d against %d", (b, c, wanted) => close(mcNemar(b, c), wanted, 1e-11));
  it.each(fixture.holm)("Holm's correction of $ps", ({ ps, adjusted }) => {
    for (const [i, p] of holm(ps).entries()) close(p, adjusted[i]!, 1e-11);
  });

  const same = (found: Tested, wanted: Tested) => {
    expect(found.difference).toBeCloseTo(wanted.difference, 12);
    expect(found.low).toBeCloseTo(wanted.low, 12);
    expect(found.high).toBeCloseTo(wanted.high, 12);
    close(found.p!, wanted.p!, 1e-11);
  };
  it("pairs of right and wrong", () => {
    for (const { a, b, ...wanted } of fixture.shares.slice(0, 2)) same(pairedShares(a, b), wanted);
    const { a, b } = fixture.shares[2]!; // no question differs
    expect(pairedShares(a, b)).toEqual({ difference: 0, low: 0, high: 0, p: 1 });
  });
  it("pairs of numbers", () => {
    for (const { a, b, ...wanted } of fixture.means) same(pairedZ(a, b), wanted);
  });
  it("two numbers with standard errors", () => {
    for (const { a, b, stderrs, ...wanted } of fixture.twoSample) {
      same(twoSampleZ(a, b, ...stderrs), { ...wanted, difference: b - a });
    }
    expect(twoSampleZ(0.5, 1, 0, 0).p).toBe(null);
  });
});

describe("the paired bootstrap of a perplexity, to 6 % of its interval's width and 0.02 of p, with 20,000 draws", () => {
  it.each(fixture.bootstrap)("of $words.length documents", ({ a, b, words, difference, low, high, p }) => {
    const pairs = (side: number[]) => side.map((value, i) => [value, words[i]!] as const);
    const perplexity = (values: readonly (readonly [number, number])[]) => aggregate("weighted_perplexity", values);
    const found = pairedBootstrap(pairs(a), pairs(b), perplexity, { draws: 20_000 });
    const width = high - low;
    expect(found.difference).toBeCloseTo(difference, 9);
    expect(Math.abs(found.low - low)).toBeLessThan(0.06 * width);
    expect(Math.abs(found.high - high)).toBeLessThan(0.06 * width);
    expect(Math.abs(found.p! - p!)).toBeLessThan(0.02);
  });
});
