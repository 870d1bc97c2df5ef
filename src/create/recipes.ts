// The recipes that `create` starts from.
import type { TrainRecipe } from "../train/recipe.ts";

/** Fields of the recipe for call models; the rest are `recipeDefaults`. */
const calls: Partial<TrainRecipe> = {
  learningRate: 2e-3,
  schedule: "cosine",
  warmupRatio: 0.03,
  finalRatio: 0.02,
  length: { minutes: 6 },
  batchTokens: 512,
  decayEmbeddings: false,
  dropout: 0.05,
  ema: 0.998,
  init: "copy",
  validations: 8,
  augmentation: { vary: 0.8, swap: 0.5, random: 0.2, drop: 0.02, substitute: 0.02, cross: 0.1, crossover: 0.2 },
};

/** The recipe for the generated catalogue data, or for a user's `data`, which gets longer training. */
export function callRecipe(data: string | undefined): Partial<TrainRecipe> {
  return data === undefined ? calls : { ...calls, length: { minutes: 20 } };
}
