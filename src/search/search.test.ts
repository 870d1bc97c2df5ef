// The search with a measure that computes instead of timing: what it enumerates, measures, chooses and reports.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { countParameters, decodeFlops, prefillFlops } from "../spec/arithmetic.ts";
import { createSpec, type Spec } from "../spec/spec.ts";
import { fastestWithinTolerance } from "./choose.ts";
import type { Measure } from "./measure.ts";
import { predictRelativeLoss } from "./quality.ts";
import { runSearch, type SearchEvent } from "./search.ts";
import { createSpace, type GridInput, listSpace } from "./space.ts";

const grid: GridInput = {
  parameters: { min: 1e6, max: 3e6 },
  vocabulary: 1024,
  context: 256,
  layers: { from: 2, to: 10, step: 2 },
  width: [128, 160, 192, 256],
  ffnRatio: [2, 3],
  headSize: [32, 64],
  groupSize: [1, 2],
};

// A device of 10 GFLOP/s that needs 20 µs per block and token besides.
const modelled: Measure = async (spec) => {
  const overhead = 20e-6 * spec.layers * spec.layerRepeat;
  return {
    decodeTokensPerSecond: 1 / (decodeFlops(spec, 48) / 10e9 + overhead),
    prefillTokensPerSecond: 32 / (prefillFlops(spec, 32) / 10e9 + overhead),
    spread: 0,
    sizeBytes: 1,
    source: "modelled",
  };
};

describe("a space", () => {
  it("enumerates what fits the budget, each spec once, always in the same order", () => {
    const specs = [...createSpace(grid).specs()];
    expect(specs.length).toBeGreaterThan(20);
    expect([...createSpace(grid).specs()]).toEqual(specs);
    expect(new Set(specs.map((spec) => JSON.stringify(spec))).size).toBe(specs.length);
    for (const spec of specs) {
      const { total } = countParameters(spec);
      expect(total).toBeGreaterThanOrEqual(1e6);
      expect(total).toBeLessThanOrEqual(3e6);
      expect(spec.heads * spec.headSize).toBe(spec.width);
      expect(spec.ffnWidth % 32).toBe(0);
    }
    expect(specs.map(({ layers }) => layers)).toEqual(specs.map(({ layers }) => layers).toSorted((a, b) => a - b));
  });

  it("takes single values, lists and ranges; leaves out heads that do not divide", () => {
    const space = createSpace({
      ...grid,
      layers: 4,
      width: { from: 96, to: 256, step: 32 },
      headSize: 64,
      groupSize: 3,
    });
    expect([...space.specs()].map(({ width, kvHeads }) => [width, kvHeads])).toEqual([
      [192, 1],
      [192, 1],
    ]);
  });

  it.each([
    [{ layers: 0 }, /search space: layers: /],
    [{ ffnRatio: [-1] }, /ffnRatio/],
    [{ parameters: { min: 3, max: 2 } }, /min 3 is above max 2/],
    [{ activation: "swish" }, /activation/],
    [{ depth: 3 }, /depth/],
  ])("%j is refused: %s", (change, message) => {
    expect(() => createSpace({ ...grid, ...change } as GridInput)).toThrow(message);
  });
});

describe("the quality prior", () => {
  const shape = (layers: number, width: number, more: Partial<Spec> = {}) =>
    createSpec({ layers, width, ffnWidth: 3 * width, heads: width / 64, vocabulary: 512, ...more });

  it("prefers more parameters, shapes inside the band, sharing and larger heads", () => {
    expect(predictRelativeLoss(shape(8, 256))).toBeLessThan(predictRelativeLoss(shape(4, 256)));
    expect(predictRelativeLoss(shape(8, 256, { layerRepeat: 2 }))).toBeLessThan(predictRelativeLoss(shape(8, 256)));
    expect(predictRelativeLoss(shape(1, 1024))).toBeGreaterThan(predictRelativeLoss(shape(16, 256)));
    const tinyHeads = shape(8, 256, { heads: 32, kvHeads: 32, headSize: 8 });
    expect(predictRelativeLoss(tinyHeads)).toBeGreaterThan(predictRelativeLoss(shape(8, 256)));
  });

  const file = new URL("../../../shared/reference/phonelm-table7.csv", import.meta.url);
  it.skipIf(!existsSync(file))("ranks PhoneLM's Table 7, rank correlation ≥ 0.4 and 0.6 (needs ../shared)", () => {
    const rows = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => row.split(","));
    for (const [group, least] of [
      ["100M", 0.4],
      ["200M", 0.6],
    ] as const) {
      const mine = rows.filter((row) => row[0] === group);
      const predicted = mine.map((row) => predictRelativeLoss(table7Spec(row)));
      expect(
        rankCorrelation(
          predicted,
          mine.map((row) => Number(row[9])),
        ),
      ).toBeGreaterThan(least);
    }
  });
});

describe("a search", () => {
  const options = {
    space: createSpace(grid),
    measure: modelled,
    choice: fastestWithinTolerance({ measureAtMost: 12 }),
  };

  it("measures the shortlist, reports events in order, and picks the fastest that is good enough", async () => {
    const events: SearchEvent[] = [];
    const result = await runSearch(options, (event) => events.push(event));
    expect(events.map(({ type }) => type)).toEqual(["started", ...Array(12).fill("measured"), "finished"]);
    expect(result.rows).toHaveLength(12);
    expect(result.space.size).toBe([...createSpace(grid).specs()].length);
    const admissible = result.rows.filter((row) => row.admissible);
    expect(result.chosen).toBe(admissible[0]);
    expect(result.chosen.relativeLoss).toBeLessThanOrEqual(1.03);
    expect(result.rows.map(({ score }) => score)).toEqual(
      result.rows.map(({ score }) => score).toSorted((a, b) => a - b),
    );
    expect(await runSearch(options)).toEqual(result);
  });

  it("measures several depths, not only the cheapest one", async () => {
    const { rows } = await runSearch(options);
    expect(new Set(rows.map(({ spec }) => spec.layers)).size).toBeGreaterThan(2);
  });

  it("never chooses a row outside the tolerance, however fast it is", async () => {
    const good = createSpec({ layers: 8, width: 256, ffnWidth: 768, heads: 4, vocabulary: 512 });
    const fast = createSpec({ layers: 1, width: 64, ffnWidth: 64, heads: 1, vocabulary: 512 });
    const { chosen, rows } = await runSearch({ ...options, space: listSpace([fast, good]) });
    expect(rows[0]!.spec).toBe(fast);
    expect(chosen.spec).toBe(good);
  });

  it("an empty space is an error that names it", async () => {
    const space = createSpace({ ...grid, name: "tiny", parameters: { min: 0, max: 10 } });
    await expect(runSearch({ ...options, space })).rejects.toThrow(/search space "tiny" is empty/);
  });

  it("stops between candidates when aborted", async () => {
    const stop = new AbortController();
    let measured = 0;
    const measure: Measure = async (spec) => {
      if (++measured === 3) stop.abort();
      return modelled(spec);
    };
    await expect(runSearch({ ...options, measure, signal: stop.signal })).rejects.toThrow(HandheldError);
    expect(measured).toBe(3);
  });

  it("a rule out of range is refused by name", () => {
    expect(() => fastestWithinTolerance({ tolerance: -1 })).toThrow(/choice rule: tolerance/);
  });
});

function table7Spec(row: string[]): Spec {
  const [width, ffnWidth, layers] = row.slice(3, 6).map(Number) as [number, number, number];
  const [heads, kvHeads] = [Number(row[7]), Number(row[8])];
  const activation = row[6] as "relu" | "silu";
  return createSpec({ width, ffnWidth, layers, heads, kvHeads, activation, vocabulary: 49_152 });
}

function rankCorrelation(a: number[], b: number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  const product = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + (value - mean) * (v[i]! - mean), 0);
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}

function ranks(values: number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
}
