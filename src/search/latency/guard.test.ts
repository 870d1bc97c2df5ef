// Guarded measuring on a simulated machine, whose state changes with its clock, which every step moves on.
import { expect, it } from "vitest";
import { anchorBound } from "./anchors.ts";
import { Guard } from "./guard.ts";

/** A guard over two anchors that should take 100 µs; `memory` says what the second one takes at a time in milliseconds. */
function guarded(memory: (ms: number) => number, patienceMs: number) {
  let [clock, rests, taken] = [0, 0, 0];
  const guard = new Guard({
    readAnchors: () => {
      clock += 1;
      return [100, memory(clock)];
    },
    reference: [100, 100],
    patienceMs,
    rest: async (ms) => {
      clock += ms;
      rests++;
    },
    now: () => clock,
  });
  const measure = () =>
    guard.measure(async (between) => {
      clock += 10;
      between();
      clock += 10;
      return ++taken;
    });
  return { measure, counts: () => ({ rests, taken }) };
}

it("measures once where the machine is as it should be, and says what the anchors read meanwhile", async () => {
  const { measure, counts } = guarded(() => 102, 1000);
  const { value, reading, off } = await measure();
  expect(value).toBe(1);
  expect(reading[0]).toBe(100);
  expect(reading[1]).toBeCloseTo(102, 12);
  expect(off).toBeCloseTo(0.02, 12);
  expect(await measure()).toMatchObject({ value: 2 });
  expect(counts()).toEqual({ rests: 0, taken: 2 });
});

it("reads the anchors between the repeats, too", async () => {
  // Slow only in the middle of the measurement: one of nine readings.
  const { measure } = guarded((ms) => (ms > 14 && ms < 20 ? 190 : 100), 1000);
  const { reading } = await measure();
  expect(reading[1]).toBeCloseTo(110, 12);
});

it("measures again what was disturbed, until the machine is back", async () => {
  const { measure, counts } = guarded((ms) => (ms < 150 ? 150 : 100), 10_000);
  expect(await measure()).toMatchObject({ value: 3, off: 0 });
  expect(counts()).toEqual({ rests: 2, taken: 3 });
});

it("gives the least disturbed one when its patience is over, and says how unlike the machine was", async () => {
  const { measure, counts } = guarded((ms) => (ms < 100 ? 130 : 140), 200);
  const { value, off } = await measure();
  expect(value).toBe(1);
  expect(off).toBeCloseTo(0.3, 12);
  expect(off).toBeGreaterThan(anchorBound);
  const { taken } = counts();
  // Nothing is left to wait with: what comes is taken.
  await measure();
  expect(counts().taken).toBe(taken + 1);
});
