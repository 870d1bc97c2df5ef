import { expect, test } from "vitest";
import { createRecipe } from "./recipe.ts";
import { learningRateAt, type Position, plannedSteps, quantizedAt } from "./schedule.ts";

const recipe = createRecipe({ learningRate: 1, warmupRatio: 0.1, finalRatio: 0.1 });

test("warm-up rises linearly to the peak, the curve ends at the floor with the last step", () => {
  expect(learningRateAt(recipe, 0, 100)).toBeCloseTo(0.1);
  expect(learningRateAt(recipe, 9, 100)).toBeCloseTo(1);
  expect(learningRateAt(recipe, 10, 100)).toBeCloseTo(1);
  expect(learningRateAt(recipe, 99, 100)).toBeCloseTo(0.1);
  expect(learningRateAt({ ...recipe, schedule: "linear" }, 99, 100)).toBeCloseTo(0.1);
  expect(learningRateAt({ ...recipe, schedule: "constant" }, 99, 100)).toBe(1);
});

test("half-way, cosine and linear are half-way between peak and floor", () => {
  for (const schedule of ["cosine", "linear"] as const) {
    expect(learningRateAt({ ...recipe, schedule, warmupRatio: 0 }, 50, 101)).toBeCloseTo(0.55);
  }
});

test("a run of one step has the peak rate", () => {
  expect(learningRateAt({ ...recipe, warmupRatio: 0 }, 0, 1)).toBe(1);
});

test("the last share of the steps is quantised: none of it, some, all", () => {
  const steps = (quantizeRatio: number) =>
    Array.from({ length: 20 }, (_, step) => quantizedAt({ quantizeRatio }, step, 20)).filter(Boolean).length;
  expect([0, 0.15, 0.5, 1].map(steps)).toEqual([0, 3, 10, 20]);
  expect(quantizedAt({ quantizeRatio: 0.15 }, 16, 20)).toBe(false);
  expect(quantizedAt({ quantizeRatio: 0.15 }, 17, 20)).toBe(true);
});

const position: Position = {
  step: 25,
  epoch: 2,
  stepInEpoch: 5,
  stepsPerEpoch: 10,
  elapsedSeconds: 50,
  stepSeconds: 50,
  reservedSeconds: 0,
};

test("epochs become steps by the length of the current epoch, fractions included", () => {
  expect(plannedSteps({ epochs: 3 }, position)).toBe(30);
  expect(plannedSteps({ epochs: 3.5 }, position)).toBe(35);
  expect(plannedSteps({ epochs: 3 }, { ...position, stepsPerEpoch: 12 })).toBe(32);
});

test("minutes become steps by the speed so far, less what is reserved for the end", () => {
  expect(plannedSteps({ minutes: 2 }, position)).toBe(60);
  expect(plannedSteps({ minutes: 2 }, { ...position, reservedSeconds: 10 })).toBe(55);
  expect(plannedSteps({ minutes: 0.5 }, position)).toBe(25);
  expect(plannedSteps({ minutes: 2 }, { ...position, stepSeconds: 25 })).toBe(95);
});
