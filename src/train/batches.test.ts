import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { packBatch, planBatches, rowCount, sequentialBatches, weightSum } from "./batches.ts";
import type { TrainExample } from "./types.ts";

const example = (ids: number[], weights: number[]): TrainExample => {
  return { ids: Int32Array.from(ids), weights: Float32Array.from(weights) };
};

test("a batch holds inputs end to end and the next tokens that count as targets", () => {
  const batch = packBatch([example([5, 6, 7, 8], [1, 0, 0.5, 1]), example([3, 4, 9, 9], [0, 2, 0, 0])]);
  expect([...batch.ids]).toEqual([5, 6, 7, 3]);
  expect([...batch.positions]).toEqual([0, 1, 2, 0]);
  expect([...batch.cu]).toEqual([0, 3, 4]);
  expect([...batch.rows]).toEqual([1, 2, 3]);
  expect([...batch.targets]).toEqual([7, 8, 4]);
  expect([...batch.weights]).toEqual([0.5, 1, 2]);
  expect(weightSum(batch)).toBe(3.5);
});

test("an example in which only the first token counts takes no rows", () => {
  expect(rowCount(example([1, 2], [1, 0]))).toBe(0);
});

const random = createRandom(2);
const many = Array.from({ length: 500 }, (_, i) => {
  const length = 2 + random.below(30);
  return example(Array(length).fill(i), Array(length).fill(1));
});
const names = (plan: TrainExample[][]) => plan.map((batch) => batch.map(({ ids }) => ids[0]!));

test("a plan holds every example once, within the budget, and fills batches evenly", () => {
  const plan = planBatches(many, { batchTokens: 256, seed: 1, epoch: 0 });
  const sizes = plan.map((batch) => batch.reduce((sum, e) => sum + rowCount(e), 0));
  expect(
    names(plan)
      .flat()
      .sort((a, b) => a - b),
  ).toEqual(many.map((_, i) => i));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(256);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(220);
});

test("a plan depends on seed and epoch and on nothing else", () => {
  const plan = (seed: number, epoch: number) => names(planBatches(many, { batchTokens: 256, seed, epoch }));
  expect(plan(1, 0)).toEqual(plan(1, 0));
  expect(plan(1, 0)).not.toEqual(plan(1, 1));
  expect(plan(1, 0)).not.toEqual(plan(2, 0));
});

test("an example longer than the budget has a batch of its own", () => {
  const long = example(Array(50).fill(1), Array(50).fill(1));
  const short = example([1, 2, 3], [1, 1, 1]);
  const lengths = sequentialBatches([short, long, short], 10).map(({ ids }) => ids.length);
  expect(lengths).toEqual([2, 49, 2]);
});

test("a batch holds the choices of its rows, and none where a row may choose from everything", () => {
  const chosen = (choices: TrainExample["choices"]) => ({ ...example([5, 6, 7], [0, 1, 1]), choices });
  const both = packBatch([chosen([null, [6, 2], [7]]), chosen([null, [6], [1, 7, 3]])]);
  expect([...both.choices!.offsets]).toEqual([0, 2, 3, 4, 7]);
  expect([...both.choices!.ids]).toEqual([6, 2, 7, 6, 1, 7, 3]);
  expect(packBatch([chosen([null, [6], [7]]), chosen([null, null, [7]])]).choices).toBeUndefined();
  expect(packBatch([example([1, 2], [0, 1])]).choices).toBeUndefined();
});
