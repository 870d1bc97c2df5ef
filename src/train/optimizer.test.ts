import { expect, test } from "vitest";
import { createReferenceBackend } from "../kernels/index.ts";
import { Parameters } from "../tensor/parameters.ts";
import { Optimizer } from "./optimizer.ts";
import { createRecipe, type TrainRecipe } from "./recipe.ts";

function create(recipe: Partial<TrainRecipe>, gradient: number) {
  const backend = createReferenceBackend();
  const parameters = new Parameters(backend, [
    { name: "norm", shape: [2] },
    { name: "matrix", shape: [2, 2] },
  ]);
  backend.f32(parameters.values, 6).fill(1);
  backend.f32(parameters.grads, 6).fill(gradient);
  return { parameters, optimizer: new Optimizer(parameters, createRecipe(recipe)) };
}

test("the first step moves every weight by the learning rate, and only matrices decay", () => {
  const { parameters, optimizer } = create({ weightDecay: 0.5, clipNorm: 0 }, 3);
  optimizer.update(1, 0.1, optimizer.gradNorm());
  expect(parameters.view("norm")[0]).toBeCloseTo(1 - 0.1, 6);
  expect(parameters.view("matrix")[0]).toBeCloseTo(1 - 0.1 - 0.05, 6);
});

test("the norm is global, and clipping scales the gradient that AdamW sees", () => {
  const { optimizer } = create({ clipNorm: 1 }, 3);
  expect(optimizer.gradNorm()).toBeCloseTo(Math.sqrt(6) * 3, 5);
  optimizer.update(1, 0.1, optimizer.gradNorm());
  expect(optimizer.buffers().get("m")![0]).toBeCloseTo(0.1 / Math.sqrt(6), 6);
});

test("the average follows the weights, is used for a while and then left again", async () => {
  const { parameters, optimizer } = create({ ema: 0.9, weightDecay: 0 }, 1);
  optimizer.update(1, 0.5, 1);
  // Decay (1 + 1)/(10 + 1) at the first step.
  const average = 0.5 + (0.5 * 2) / 11;
  expect(await optimizer.withAverage(() => parameters.view("norm")[0])).toBeCloseTo(average, 6);
  expect(parameters.view("norm")[0]).toBeCloseTo(0.5, 6);
  optimizer.adoptAverage();
  expect(parameters.view("norm")[0]).toBeCloseTo(average, 6);
});
