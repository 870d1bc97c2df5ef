// Measuring on machines that are disturbed, on a simulated one: its speed is a function of how much was measured so far.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { measureSteadily, type SteadyOptions } from "./steady.ts";

const count = 60;

/** A machine that takes `slowdown(moment)` times as long, moment counting measurements; item i takes i + 1 microseconds. */
function machine(slowdown: (moment: number) => number, changes: Partial<SteadyOptions> = {}) {
  let moment = 0;
  const visits = new Array<number>(count).fill(0);
  const options: SteadyOptions = {
    anchors: ["arithmetic", "memory"],
    readAnchors: () => [10 * slowdown(moment), 20 * slowdown(moment)],
    visits: 3,
    batch: 10,
    hasTimeFor: () => true,
    acceptUnsteady: false,
    pause: async () => {},
    rest: async () => {},
    ...changes,
  };
  const measure = (item: number) => {
    visits[item]!++;
    return (item + 1) * slowdown(moment++);
  };
  return { run: () => measureSteadily(count, measure, options), visits };
}

const truth = Array.from({ length: count }, (_, i) => i + 1);

describe("measureSteadily", () => {
  it("a quiet machine needs no retries", async () => {
    const quiet = machine(() => 1);
    const result = await quiet.run();
    expect(result).toMatchObject({ steady: true, retried: 0, values: truth });
    expect(quiet.visits.every((times) => times === 6)).toBe(true);
    expect(result.anchors).toMatchObject([
      { name: "arithmetic", spread: 0, drift: 0 },
      { name: "memory", spread: 0, drift: 0 },
    ]);
  });

  it("what was measured in a busy while is measured again, and does not count", async () => {
    const result = await machine((moment) => (moment > 40 && moment < 75 ? 1.6 : 1)).run();
    expect(result.retried).toBeGreaterThan(0);
    expect(result).toMatchObject({ steady: true, values: truth });
  });

  it("what was measured before a machine slowed down for good is measured again as it is now", async () => {
    const result = await machine((moment) => (moment < 60 ? 1 : 1.5)).run();
    expect(result.retried).toBeGreaterThan(0);
    expect(result).toMatchObject({ steady: true, values: truth.map((value) => 1.5 * value) });
  });

  it("a machine that gets slower and slower is refused: which anchor, by how much, what to do", async () => {
    const error = await machine((moment) => 1 + moment / 200)
      .run()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HandheldError);
    expect(error).toMatchObject({ code: "unsteady" });
    const message = /(arithmetic|memory) varied by \d+ % and drifted by -?\d+ %.*calibrate again/;
    expect((error as Error).message).toMatch(message);
  });

  it("a machine that is never quiet is refused, or accepted and marked", async () => {
    const restless = (moment: number) => 1 + 0.5 * (((moment * 7919) % 13) / 13);
    await expect(machine(restless).run()).rejects.toMatchObject({ code: "unsteady" });
    const accepted = await machine(restless, { acceptUnsteady: true }).run();
    expect(accepted.steady).toBe(false);
    expect(accepted.values.every((value, i) => value >= i + 1 && value <= 1.5 * (i + 1))).toBe(true);
    expect(accepted.anchors[0]!.spread).toBeGreaterThan(0.1);
  });

  it("short of time every item gets one visit, of two measurements, and nothing again", async () => {
    const short = machine((moment) => (moment < 20 ? 1.04 : 1), { hasTimeFor: () => false });
    const result = await short.run();
    expect(short.visits.every((times) => times === 2)).toBe(true);
    expect(result).toMatchObject({ steady: true, retried: 0 });
  });
});
