import { expect, test } from "vitest";
import { createRandom, hash32 } from "./random.ts";

test("the same seed and path give the same numbers, another path gives others", () => {
  const draw = (...path: (string | number)[]) => Array.from({ length: 4 }, createRandom(1, ...path).uint32);
  expect(draw("a", 1)).toEqual(draw("a", 1));
  expect(draw("a", 1)).not.toEqual(draw("a", 2));
  expect(hash32(1, 23)).not.toBe(hash32(12, 3));
});

test("floats are uniform and normals standard, to 1 % of 100,000 draws", () => {
  const random = createRandom(3);
  let sum = 0;
  let normalSum = 0;
  let normalSquares = 0;
  const buckets = new Float64Array(10);
  for (let i = 0; i < 100_000; i++) {
    const x = random.float();
    sum += x;
    buckets[Math.floor(x * 10)]!++;
    const z = random.normal();
    normalSum += z;
    normalSquares += z * z;
  }
  expect(sum / 100_000).toBeCloseTo(0.5, 2);
  expect(Math.abs(normalSum / 100_000)).toBeLessThan(0.01);
  expect(Math.abs(normalSquares / 100_000 - 1)).toBeLessThan(0.01);
  for (const count of buckets) expect(Math.abs(count / 10_000 - 1)).toBeLessThan(0.04);
});

test("shuffle keeps every item, and below(n) stays under n", () => {
  const random = createRandom(5);
  const items = random.shuffle(Int32Array.from({ length: 100 }, (_, i) => i));
  expect([...items].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect([...items]).not.toEqual([...items].sort((a, b) => a - b));
  for (let i = 0; i < 1000; i++) expect(random.below(3)).toBeLessThan(3);
});
