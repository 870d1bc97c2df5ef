import { expect, test } from "vitest";
import { alibiSlopes, ropeTable } from "./positions.ts";

const plain = { ropeScaling: null, localRopeBase: null };
const shape = { context: 64, headSize: 8, ropeSize: 8, ropeBase: 10_000, ...plain };

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

test("the rest of a head does not turn, and only its pairs beyond ropeSize / 2", () => {
  const table = ropeTable({ ...shape, ropeSize: 4, ropeTable: "f32" });
  const row = [...table.subarray(3 * 8, 4 * 8)];
  const angles = [3, 3 * 10_000 ** (-2 / 4), 0, 0];
  angles.forEach((angle, j) => {
    expect(row[j]).toBeCloseTo(Math.cos(angle), 6);
    expect(row[4 + j]).toBeCloseTo(Math.sin(angle), 6);
  });
});

test("ALiBi's slopes halve by an eighth of the heads, and go on between them (Press et al., section 3)", () => {
  expect([...alibiSlopes(8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((k) => 2 ** -k));
  const six = [...alibiSlopes(6)];
  for (const [h, power] of [-2, -4, -6, -8, -1, -3].entries()) expect(six[h]).toBeCloseTo(2 ** power, 9);
});
