// What two anchors say of a machine: its pace, and whether it is in the state that it was in.
import { expect, it } from "vitest";
import {
  boundBy,
  isLike,
  paceBound,
  paceOf,
  productWeights,
  referenceOf,
  streamedShare,
  summarize,
  unlikeness,
  worstAnchor,
} from "./anchors.ts";

const reference = [80, 100];
const times = (compute: number, memory: number) => [80 * compute, 100 * memory];

it("the pace of what processors bound is compute's, of what memory bounds both's", () => {
  expect(paceOf(reference, reference, boundBy.memory)).toBe(1);
  expect(paceOf(times(1.2, 2), reference, boundBy.compute)).toBeCloseTo(1.2 ** 0.95, 12);
  expect(paceOf(times(1.2, 2), reference, boundBy.caller)).toBeCloseTo(1.2 ** 0.3, 12);
  expect(paceOf(times(1.2, 2), reference, boundBy.memory)).toBeCloseTo(1.2 ** 0.35 * 2 ** 0.5, 12);
});

it("a product goes with memory the more of its weights come from there, and the fewer tokens share them", () => {
  expect(productWeights(64, 1)).toEqual(boundBy.compute);
  expect(productWeights(1, 0)).toEqual(boundBy.compute);
  for (const i of [0, 1] as const) {
    const half = (boundBy.compute[i] + boundBy.memory[i]) / 2;
    expect(productWeights(1, 1)[i]).toBeCloseTo(boundBy.memory[i], 12);
    expect(productWeights(1, 0.5)[i]).toBeCloseTo(half, 12);
    expect(productWeights(4, 1)[i]).toBeCloseTo(half, 12);
  }
  const megabytes = [1, 10, 20, 40, 1000];
  expect(megabytes.map((count) => streamedShare(count, 20))).toEqual([0, 0, 0.5, 1, 1]);
});

it("a machine that is slower in all it does is like itself, up to a bound; one with another balance is not", () => {
  expect(unlikeness(times(1.1, 1.1), reference)).toBeCloseTo(0, 12);
  expect(unlikeness(times(1.1, 1), reference)).toBeCloseTo(0.1, 12);
  expect(unlikeness(times(1, 1.1), reference)).toBeCloseTo(0.1, 12);
  // The two states of a virtual machine whose processors share a cache or not: 74 µs and 36 GB/s, 93 µs and 55 GB/s.
  expect(isLike([93, 65.5], [74, 100], 0.5)).toBe(false);
  const fast = 1 + 0.9 * paceBound;
  expect(isLike(times(fast, fast), reference, 0.1)).toBe(true);
  const slow = 1 + 1.1 * paceBound;
  expect(unlikeness(times(slow, slow), reference)).toBeCloseTo(slow - 1, 12);
  expect(unlikeness(times(1 / slow, 1 / slow), reference)).toBeCloseTo(slow - 1, 12);
});

it("the reference is how the machine was most of the time, whatever it was besides", () => {
  const readings = [times(1, 1), times(1.02, 0.99), times(2, 1), times(0.98, 1.01), times(2, 2), times(2, 2.02)];
  const found = referenceOf(readings, 0.1);
  expect(found[0]).toBeCloseTo(80, 6);
  expect(found[1]).toBeCloseTo(100, 6);
});

it("says which anchor varied most, by how much", () => {
  const anchors = summarize(["compute", "memory"], [times(1, 1), times(1, 1.3), times(1, 1.1)]);
  expect(anchors[0]).toMatchObject({ spread: 0, drift: 0 });
  expect(worstAnchor(anchors)).toBe("memory varied by 27 % and drifted by 10 %");
});
