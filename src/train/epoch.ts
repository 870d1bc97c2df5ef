// One epoch's examples, checked, hashed and divided into the batches of each step.

import type { TokenBatch } from "../model/trainable.ts";
import { createRandom } from "../random.ts";
import type { Spec } from "../spec/spec.ts";
import { checkExamples, packBatch, planBatches, weightSum } from "./batches.ts";
import type { TrainRecipe } from "./recipe.ts";
import type { TrainExample, TrainTask } from "./types.ts";

/** An epoch ready to be trained on. */
export interface Epoch {
  examples: number;
  tokens: number;
  /** Changes when the examples do. */
  hash: number;
  /** Steps in the epoch. */
  steps: number;
  /** The batches of step i from 0, whose gradients are added up, and the sum of their loss weights. */
  batches(i: number): { batches: TokenBatch[]; weight: number };
}

/** Asks the task for an epoch's examples and plans its steps. The same seed and epoch give the same steps. */
export async function prepareEpoch(task: TrainTask, recipe: TrainRecipe, spec: Spec, epoch: number): Promise<Epoch> {
  const { seed, augmentation, batchTokens, accumulate } = recipe;
  const random = createRandom(seed, "examples", epoch);
  const examples = await task.examples({ epoch, random, augmentation });
  checkExamples(examples, spec.context, spec.vocabulary);
  const plan = planBatches(examples, { batchTokens, seed, epoch });
  return {
    examples: examples.length,
    tokens: examples.reduce((sum, { ids }) => sum + ids.length, 0),
    hash: hashExamples(examples),
    steps: Math.ceil(plan.length / accumulate),
    batches(i) {
      const batches = plan.slice(i * accumulate, (i + 1) * accumulate).map(packBatch);
      return { batches, weight: batches.reduce((sum, batch) => sum + weightSum(batch), 0) };
    },
  };
}

/** FNV-1a over all tokens and weights. */
function hashExamples(examples: readonly TrainExample[]): number {
  let hash = 0x811c9dc5;
  for (const { ids, weights } of examples) {
    for (const id of ids) hash = Math.imul(hash ^ id, 0x01000193);
    for (const weight of weights) hash = Math.imul(hash ^ Math.round(weight * 65536), 0x01000193);
  }
  return hash >>> 0;
}
