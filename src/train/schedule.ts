// The learning rate over a run, when its weights are rounded, and how long the run is.
import type { TrainRecipe } from "./recipe.ts";

/**
 * Learning rate of the step after `step` done ones, of `steps` in all: a linear rise over the first warmupRatio of them,
 * then the schedule's curve down to finalRatio of the peak.
 */
export function learningRateAt(
  recipe: Pick<TrainRecipe, "learningRate" | "schedule" | "warmupRatio" | "finalRatio">,
  step: number,
  steps: number,
): number {
  const { learningRate: peak, finalRatio } = recipe;
  const warmup = Math.round(recipe.warmupRatio * steps);
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - 1 - warmup));
  return peak * (finalRatio + (1 - finalRatio) * curves[recipe.schedule](progress));
}

// From 1 to 0 as progress goes from 0 to 1.
const curves: Record<TrainRecipe["schedule"], (progress: number) => number> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  linear: (progress) => 1 - progress,
  constant: () => 1,
};

/** Whether the step after `step` done ones, of `steps` in all, is one of the last quantizeRatio of them. */
export function quantizedAt(recipe: Pick<TrainRecipe, "quantizeRatio">, step: number, steps: number): boolean {
  return step >= steps - Math.round(recipe.quantizeRatio * steps);
}

/** How far a run is. */
export interface Position {
  /** Steps done. */
  step: number;
  /** Epochs completed, and steps done of the next. */
  epoch: number;
  stepInEpoch: number;
  /** Steps of the current epoch. */
  stepsPerEpoch: number;
  elapsedSeconds: number;
  /** Time spent in steps. */
  stepSeconds: number;
  /** Time to keep for the validations to come. */
  reservedSeconds: number;
}

/** Steps that a time budget is taken to allow before anything was measured; only the first step's warm-up depends on it. */
const guessedSteps = 1000;

/**
 * Steps of the whole run, as far as can be told. A time budget becomes steps by the average speed so far, afresh after
 * each, so that the schedule ends when the time does.
 */
export function plannedSteps(length: TrainRecipe["length"], at: Position): number {
  if ("steps" in length) return length.steps;
  if ("epochs" in length) {
    return at.step - at.stepInEpoch + Math.ceil((length.epochs - at.epoch) * at.stepsPerEpoch);
  }
  if (at.step === 0) return guessedSteps;
  const left = length.minutes * 60 - at.elapsedSeconds - at.reservedSeconds;
  return at.step + Math.max(0, Math.floor((left * at.step) / at.stepSeconds));
}
