// Whole models by turns on a simulated machine that is at some pace, and on its clock.
import { expect, it } from "vitest";
import { createSpec } from "../../spec/spec.ts";
import { Guard } from "./guard.ts";
import { speedsOf, type TimedTurn, type TurnOptions, timeByTurns } from "./whole-model.ts";

const spec = createSpec({ layers: 1, width: 64, ffnWidth: 64, heads: 2, vocabulary: 100, context: 256 });
const model = { spec, prompt: 50, context: 64 };

/** A machine that takes 50 ms for the prompt and 4 ms for a token, times its factors for arithmetic and memory. */
function machine(arithmetic: number, memory: number, changes: Partial<TurnOptions> = {}) {
  let clock = 0;
  const now = () => clock;
  const guard = new Guard({
    readAnchors() {
      clock += 2;
      return [80 * arithmetic, 100 * memory];
    },
    reference: [80, 100],
    patienceMs: 0,
    rest: async () => {},
    now,
  });
  const append = (ids: ArrayLike<number>) => {
    clock += ids.length > 1 ? 50 * arithmetic : 4 * arithmetic ** 0.25 * memory ** 0.75;
  };
  const open = () => ({
    spec,
    createSession: () => ({ append, truncate() {}, close() {} }),
    close() {},
  });
  const options = { rounds: 2, repeats: 3, repeatSeconds: 0.05, budgetSeconds: 1, guard, now, ...changes };
  return { run: () => timeByTurns([model, model], open, options), now };
}

it("speeds are those at the reference's pace, whatever the pace", async () => {
  for (const [arithmetic, memory] of [
    [1, 1],
    [1.1, 1.1],
    [0.95, 1.05],
  ] as const) {
    const turns = await machine(arithmetic, memory).run();
    expect(turns.map(({ model, round }) => [model, round])).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]);
    const speeds = speedsOf(turns, 0)!;
    expect(speeds.disturbed).toBe(false);
    for (const prefill of speeds.prefill) expect(prefill).toBeCloseTo(1000, 6);
    for (const decode of speeds.decode) expect(decode).toBeCloseTo(250, 6);
    for (const pace of speeds.prefillPace) expect(pace).toBeCloseTo(arithmetic, 12);
    for (const pace of speeds.decodePace) expect(pace).toBeCloseTo(arithmetic ** 0.25 * memory ** 0.75, 12);
  }
});

it("a machine in another state is disturbed, and its rounds are kept for want of better ones", async () => {
  const speeds = speedsOf(await machine(1, 1.4).run(), 1)!;
  expect(speeds.disturbed).toBe(true);
  expect(speeds.decode).toHaveLength(2);
});

it("every model gets one turn, and no other begins when there is no time", async () => {
  const turns = await machine(1, 1, { rounds: 9, hasTime: () => false }).run();
  expect(turns.map(({ model, round }) => [model, round])).toEqual([
    [0, 0],
    [1, 0],
  ]);
});

it("without a guard speeds are as measured", async () => {
  const [turn] = (await machine(2, 2, { guard: undefined }).run()) as [TimedTurn];
  expect(turn.prefill).toBeCloseTo(500, 6);
  expect(turn).toMatchObject({ prefillPace: 1, decodePace: 1, off: 0 });
});
