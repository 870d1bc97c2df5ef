// Whole models by turns on a simulated machine that is at some pace, and on its clock.
import { expect, it } from "vitest";
import { createSpec } from "../../spec/spec.ts";
import { boundBy, type Weights } from "./anchors.ts";
import { Guard } from "./guard.ts";
import { speedsOf, type TimedTurn, type TurnOptions, timeByTurns } from "./whole-model.ts";

const spec = createSpec({ layers: 1, width: 64, ffnWidth: 64, heads: 2, vocabulary: 100, context: 256 });
const model = { spec, prompt: 50, context: 64 };

const paceOf = ([byCompute, byMemory]: Weights, compute: number, memory: number) =>
  compute ** byCompute * memory ** byMemory;

/** A machine that takes 50 ms for the prompt and 4 ms for a token, slower by its paces of what processors and memory bound. */
function machine(compute: number, memory: number, changes: Partial<TurnOptions> = {}) {
  let clock = 0;
  const now = () => clock;
  const guard = new Guard({
    readAnchors() {
      clock += 2;
      return [80 * compute, 100 * memory];
    },
    reference: [80, 100],
    patienceMs: 0,
    rest: async () => {},
    now,
  });
  const append = (ids: ArrayLike<number>) => {
    const [ms, weights] = ids.length > 1 ? [50, boundBy.compute] : [4, boundBy.memory];
    clock += ms * paceOf(weights, compute, memory);
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
  for (const [compute, memory] of [
    [1, 1],
    [1.1, 1.1],
    [0.95, 1.05],
  ] as const) {
    const turns = await machine(compute, memory).run();
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
    for (const pace of speeds.prefillPace) expect(pace).toBeCloseTo(paceOf(boundBy.compute, compute, memory), 12);
    for (const pace of speeds.decodePace) expect(pace).toBeCloseTo(paceOf(boundBy.memory, compute, memory), 12);
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
  expect(turn.prefill).toBeCloseTo(1000 / 2 ** 0.95, 6);
  expect(turn).toMatchObject({ prefillPace: 1, decodePace: 1, off: 0 });
});
