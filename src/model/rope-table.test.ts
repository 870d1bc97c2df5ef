import { expect, test } from "vitest";
import { ropeTable } from "./rope-table.ts";

const shape = { context: 64, headSize: 8, ropeBase: 10_000 };

test("the f32 table holds cosines, then sines, of position · base^(−2j/D)", () => {
  const table = ropeTable({ ...shape, ropeTable: "f32" });
  expect(table).toHaveLength(64 * 8);
  for (const [position, j] of [
    [0, 0],
    [5, 1],
    [63, 3],
  ] as const) {
    const angle = position * 10_000 ** ((-2 * j) / 8);
    expect(table[position * 8 + j]).toBeCloseTo(Math.cos(angle), 6);
    expect(table[position * 8 + 4 + j]).toBeCloseTo(Math.sin(angle), 6);
  }
});

test("the int8 table is within half a level of the f32 one and holds at most 255 levels", () => {
  const exact = ropeTable({ ...shape, ropeTable: "f32" });
  const rounded = ropeTable({ ...shape, ropeTable: "int8" });
  const largest = rounded.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  for (let i = 0; i < exact.length; i++) expect(Math.abs(exact[i]! - rounded[i]!)).toBeLessThan(0.5 / 127 + 1e-6);
  expect(largest).toBeLessThanOrEqual(1);
  const cosines = new Set(rounded.filter((_, i) => i % 8 < 4));
  expect(cosines.size).toBeLessThanOrEqual(255);
  expect(rounded[0]).toBe(1);
});

test("a context of one token has sines of zero and does not divide by them", () => {
  expect([...ropeTable({ ...shape, context: 1, ropeTable: "int8" })]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
});
