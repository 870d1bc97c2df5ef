// The meter of a pull, with a clock that the test moves.
import { expect, it } from "vitest";
import { PullMeter, type PullProgress } from "./progress.ts";

function meterOf(totalBytes: number) {
  let time = 0;
  const told: PullProgress[] = [];
  const meter = new PullMeter(
    totalBytes,
    (progress) => told.push(progress),
    () => time,
  );
  return { meter, told, advance: (ms: number) => (time += ms) };
}

it("speed and time left come from the network's bytes of the last seconds, not from those found on disk", () => {
  const { meter, told, advance } = meterOf(100_000);
  meter.found(40_000);
  expect(told).toEqual([{ doneBytes: 40_000, totalBytes: 100_000, bytesPerSecond: 0, etaSeconds: null }]);
  advance(1000);
  meter.arrived(10_000);
  expect(told[1]).toEqual({ doneBytes: 50_000, totalBytes: 100_000, bytesPerSecond: 10_000, etaSeconds: 5 });
  for (let second = 0; second < 10; second++) {
    advance(1000);
    meter.arrived(1000);
  }
  expect(told.at(-1)).toEqual({ doneBytes: 60_000, totalBytes: 100_000, bytesPerSecond: 1000, etaSeconds: 40 });
  expect(meter.receivedBytes).toBe(20_000);
});

it("tells ten times a second at most, and the end in any case", () => {
  const { meter, told, advance } = meterOf(1000);
  for (let i = 0; i < 1000; i++) {
    advance(1);
    meter.arrived(1);
  }
  expect(told.length).toBeLessThanOrEqual(12);
  expect(told.at(-1)!.doneBytes).toBe(1000);
});
