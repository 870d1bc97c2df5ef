// Guarded measuring on a simulated machine, whose state changes as it is told, and whose time passes with every step.
import { expect, it } from "vitest";
import { Guard, guardBound } from "./guard.ts";

/** A guard over one anchor that should take 100 µs and takes what `states` say, one after the other, the last one for good. */
function guarded(states: number[], patienceMs: number) {
  let [clock, rests, taken] = [0, 0, 0];
  const guard = new Guard({
    readAnchors: () => {
      clock += 1;
      return [states.length > 1 ? states.shift()! : states[0]!];
    },
    reference: [100],
    patienceMs,
    rest: async (ms) => {
      clock += ms;
      rests++;
    },
    now: () => clock,
  });
  const measure = () =>
    guard.measure(async () => {
      clock += 10;
      return ++taken;
    });
  return { measure, counts: () => ({ rests, taken }) };
}

it("measures once where the machine is as it should be, and reads between two measurements only once", async () => {
  const { measure, counts } = guarded([100, 102, 97, 100], 1000);
  expect(await measure()).toEqual({ value: 1, off: expect.closeTo(0.02) });
  expect(await measure()).toEqual({ value: 2, off: expect.closeTo(0.03) });
  expect(counts()).toEqual({ rests: 0, taken: 2 });
});

it("waits until the machine is back, and measures again what was disturbed", async () => {
  const waiting = guarded([150, 150, 100, 100], 10_000);
  expect(await waiting.measure()).toMatchObject({ value: 1, off: 0 });
  expect(waiting.counts()).toEqual({ rests: 2, taken: 1 });
  const disturbed = guarded([100, 150, 100, 101], 10_000);
  expect(await disturbed.measure()).toMatchObject({ value: 2 });
  expect(disturbed.counts()).toEqual({ rests: 1, taken: 2 });
});

it("gives the least disturbed one when its patience is over, and says by how much it was off", async () => {
  const { measure, counts } = guarded([130, 120, 120, 140], 15);
  const { value, off } = await measure();
  expect(off).toBeGreaterThan(guardBound);
  expect(value).toBe(1);
  const { taken } = counts();
  // Nothing is left to wait with: what comes is taken.
  await measure();
  expect(counts().taken).toBe(taken + 1);
});
