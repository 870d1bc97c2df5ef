// Measuring on machines that are disturbed, on a simulated one: its speed is a function of how much was measured so far.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { median } from "../statistics.ts";
import { boundBy, type Weights } from "./anchors.ts";
import { measureSteadily, type SteadyOptions } from "./steady.ts";

const count = 60;
const passes = 2;

/** By which factors a machine is slower at what processors bound, and at what memory bounds. */
type Slowdown = (moment: number) => readonly [compute: number, memory: number];

/** A machine as its slowdown says, the moment counting measurements; item i takes i + 1 microseconds, bound by processors. */
function machine(slowdown: Slowdown, changes: Partial<SteadyOptions> & { weights?: Weights } = {}) {
  let moment = 0;
  const measured = new Array<number>(count).fill(0);
  const { weights = boundBy.compute, ...rest } = changes;
  const options: SteadyOptions = {
    anchors: ["compute", "memory"],
    readAnchors: () => slowdown(moment).map((factor, i) => 10 * (i + 1) * factor),
    visits: 3,
    batch: 10,
    passes,
    hasTimeFor: () => true,
    acceptUnsteady: false,
    pause: async () => {},
    rest: async () => {},
    ...rest,
  };
  const items = Array.from({ length: count }, (_, i) => ({
    weights,
    measure() {
      measured[i]!++;
      const [compute, memory] = slowdown(moment++);
      return (i + 1) * compute ** weights[0] * memory ** weights[1];
    },
  }));
  return { run: () => measureSteadily(items, options), measured };
}

const both =
  (factor: (moment: number) => number): Slowdown =>
  (moment) => [factor(moment), factor(moment)];
const truth = Array.from({ length: count }, (_, i) => i + 1);

/** Largest share by which the medians of visits differ from the truth times a factor. */
function errorOf(visits: readonly (readonly number[])[], factor = 1): number {
  return Math.max(...visits.map((some, i) => Math.abs(median(some) / (factor * truth[i]!) - 1)));
}

describe("measureSteadily", () => {
  it("a quiet machine needs no retries", async () => {
    const quiet = machine(both(() => 1));
    const result = await quiet.run();
    expect(result).toMatchObject({ steady: true, retried: 0, visits: truth.map((value) => [value, value, value]) });
    expect(quiet.measured.every((times) => times === 3 * passes)).toBe(true);
    expect(result.anchors).toMatchObject([
      { name: "compute", spread: 0, drift: 0 },
      { name: "memory", spread: 0, drift: 0 },
    ]);
  });

  it("what was measured at another pace counts as at the pace of most of the time", async () => {
    for (const weights of Object.values(boundBy)) {
      const uneven: Slowdown = (moment) => (moment > 40 && moment < 100 ? [1.12, 1.05] : [1, 1]);
      const result = await machine(uneven, { weights }).run();
      expect(result).toMatchObject({ steady: true, retried: 0 });
      expect(errorOf(result.visits)).toBeLessThan(0.02);
    }
  });

  it("what was measured in a busy while does not count where other visits do", async () => {
    const result = await machine(both((moment) => (moment > 40 && moment < 105 ? 1.6 : 1))).run();
    expect(result).toMatchObject({ steady: true, retried: 0 });
    expect(Math.min(...result.visits.map(({ length }) => length))).toBe(2);
    expect(errorOf(result.visits)).toBeLessThan(0.02);
  });

  it("what was measured in no other is measured again", async () => {
    const result = await machine(
      both((moment) => (moment > 40 && moment < 80 ? 1.6 : 1)),
      { visits: 1 },
    ).run();
    expect(result.retried).toBeGreaterThan(0);
    expect(result.steady).toBe(true);
    expect(errorOf(result.visits)).toBeLessThan(0.02);
  });

  it("so is what was measured in another state, where one anchor is slower and the other faster", async () => {
    const states: Slowdown = (moment) => (moment > 40 && moment < 80 ? [1.25, 0.7] : [1, 1]);
    const result = await machine(states, { visits: 1 }).run();
    expect(result.retried).toBeGreaterThan(0);
    expect(errorOf(result.visits)).toBeLessThan(0.02);
  });

  it("what was measured before a machine slowed down for good is measured again as it is now", async () => {
    const result = await machine(
      both((moment) => (moment < 40 ? 1 : 1.5)),
      { visits: 1 },
    ).run();
    expect(result.retried).toBeGreaterThan(0);
    expect(result.steady).toBe(true);
    expect(errorOf(result.visits, 1.5 ** boundBy.compute[0])).toBeLessThan(0.02);
  });

  it("a machine that gets slower and slower is refused: which anchor, by how much, what to do", async () => {
    const error = await machine(both((moment) => 1.01 ** moment))
      .run()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HandheldError);
    expect(error).toMatchObject({ code: "unsteady" });
    const message = /(compute|memory) varied by \d+ % and drifted by -?\d+ %.*calibrate again/;
    expect((error as Error).message).toMatch(message);
  });

  it("a machine whose state changes all the time is refused, or accepted and marked", async () => {
    const restless: Slowdown = (moment) => [1, 1.3 ** ((Math.floor(moment / 20) * 7919) % 13)];
    await expect(machine(restless).run()).rejects.toMatchObject({ code: "unsteady" });
    const accepted = await machine(restless, { acceptUnsteady: true }).run();
    expect(accepted.steady).toBe(false);
    expect(accepted.visits).toHaveLength(count);
    expect(accepted.anchors[1]!.spread).toBeGreaterThan(0.1);
  });

  it("short of time every item gets one visit, and nothing again", async () => {
    const short = machine(
      both((moment) => (moment < 20 ? 1.6 : 1)),
      { hasTimeFor: () => false, acceptUnsteady: true },
    );
    const result = await short.run();
    expect(short.measured.every((times) => times === passes)).toBe(true);
    expect(result).toMatchObject({ steady: false, retried: 0 });
  });
});
