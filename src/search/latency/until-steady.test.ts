// Calibrating again: after unsteady results alone, so often, and never with one that was refused.
import { expect, it } from "vitest";
import { HandheldError } from "../../errors.ts";
import { untilSteady } from "./until-steady.ts";

const unsteady = () => new HandheldError("unsteady", "memory varied by 40 %");

/** A machine that is disturbed so many times. */
function machine(disturbed: number) {
  let runs = 0;
  const calibrate = async () => {
    if (runs++ < disturbed) throw unsteady();
    return runs;
  };
  return { calibrate, runs: () => runs };
}

it("calibrates again after an unsteady result, and says why and how often", async () => {
  const told: unknown[][] = [];
  const onRetry = (...words: unknown[]) => void told.push(words);
  const { calibrate } = machine(2);
  expect(await untilSteady(calibrate, { pauseSeconds: 0, onRetry })).toBe(3);
  expect(told).toEqual([
    ["memory varied by 40 %", 2, 3],
    ["memory varied by 40 %", 3, 3],
  ]);
});

it("throws the last refusal when none was steady", async () => {
  const { calibrate, runs } = machine(Infinity);
  await expect(untilSteady(calibrate, { pauseSeconds: 0 })).rejects.toMatchObject({ code: "unsteady" });
  expect(runs()).toBe(3);
});

it("does not try again after another error, nor when it is stopped between two tries", async () => {
  let runs = 0;
  const failing = async () => {
    runs++;
    throw new HandheldError("out-of-memory", "too large");
  };
  await expect(untilSteady(failing)).rejects.toMatchObject({ code: "out-of-memory" });
  expect(runs).toBe(1);
  const stop = new AbortController();
  const { calibrate, runs: calibrated } = machine(Infinity);
  const trying = untilSteady(calibrate, { pauseSeconds: 600, signal: stop.signal, onRetry: () => stop.abort() });
  await expect(trying).rejects.toMatchObject({ code: "aborted" });
  expect(calibrated()).toBe(1);
});
