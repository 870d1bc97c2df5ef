// What training is given and what it reports. The loop (loop.ts) knows nothing of function calling: a task brings the
// examples and its own validation, events go out, and something else prints them.
import type { TrainableModel } from "../model/trainable.ts";
import type { Random } from "../random.ts";
import type { CheckpointStore } from "./checkpoint.ts";

/** One sequence to learn from. */
export interface TrainExample {
  /** Tokens [T], T ≥ 2, special tokens included. */
  ids: Int32Array;
  /** weights[t] [T]: how much the loss of predicting ids[t] counts; 0 for the prompt. The first is ignored. */
  weights: Float32Array;
  /**
   * choices[t] [T]: the tokens that ids[t], one of them, is chosen from; the softmax is over these alone. Null or absent:
   * the whole vocabulary.
   */
  choices?: readonly (ArrayLike<number> | null)[] | undefined;
}

/** What {@link TrainTask.examples} may depend on; nothing else, so that a resumed run sees the same examples. */
export interface EpochContext {
  /** From 0. */
  epoch: number;
  /** A stream of its own per seed and epoch, for augmentation. */
  random: Random;
  /** The recipe's `augmentation`. */
  augmentation: Readonly<Record<string, number>>;
}

/** Numbers of one validation, such as `{ accuracy: 0.93 }`. */
export type Metrics = Record<string, number>;

/** What to learn. */
export interface TrainTask {
  name: string;
  /** The examples of one epoch, in any order: the loop shuffles and packs them. Called once per epoch. */
  examples(context: EpochContext): readonly TrainExample[] | Promise<readonly TrainExample[]>;
  /** Held-out examples for the validation loss. */
  validation?: readonly TrainExample[] | undefined;
  /** Further measurements of the weights so far (the averaged ones with `ema`); counts as training time. */
  validate?(model: TrainableModel): Metrics | Promise<Metrics>;
}

/** Options of {@link train}. */
export interface TrainOptions {
  /** Where checkpoints go; none are written without. See `fileCheckpoints`. */
  checkpoints?: CheckpointStore | undefined;
  /** Seconds between checkpoints; 0: after every step. Default 30. */
  checkpointSeconds?: number | undefined;
  /** Continue from the last checkpoint when there is one. */
  resume?: boolean | undefined;
  /** Stops after the current step with a checkpoint, then throws HandheldError `aborted`. */
  signal?: AbortSignal | undefined;
}

/** The run begins. */
export interface StartEvent {
  type: "start";
  /** Trained parameters. */
  parameters: number;
  /** Examples and tokens of the first epoch. */
  examples: number;
  tokens: number;
  /** Step of the checkpoint it continues from; null for a new run. */
  resumedFrom: number | null;
}

/** One optimiser step is done. */
export interface StepEvent {
  type: "step";
  /** Steps done, from 1. */
  step: number;
  /** Steps of the whole run; an estimate that moves while a time budget is converted. */
  steps: number;
  /** Epochs done, with the fraction of the current one. */
  epoch: number;
  /** Weighted mean cross-entropy of the step's targets, nats (label smoothing and rounded weights included). */
  loss: number;
  learningRate: number;
  /** Global norm of the gradient before clipping. */
  gradNorm: number;
  /** Over the last steps, validation and checkpoints left out. */
  tokensPerSecond: number;
  /** Model FLOPs (forward + backward, nothing recomputed) ÷ wall time of the same steps, in 10⁹. */
  gflops: number;
  /** Wall time of the run, resumed parts included. */
  elapsedSeconds: number;
  etaSeconds: number;
}

/** The weights were measured on held-out examples. */
export interface ValidationEvent {
  type: "validation";
  step: number;
  /** Weighted mean cross-entropy of {@link TrainTask.validation}, nats; null where the task has none. */
  loss: number | null;
  metrics: Metrics;
  seconds: number;
}

/** A checkpoint is on disk. `step` is the step after which its weights were. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
  seconds: number;
}

/** The run is complete; the model holds the final weights (the averaged ones with `ema`). */
export interface DoneEvent {
  type: "done";
  steps: number;
  epochs: number;
  /** Tokens that went through the model, and the whole run's averages. */
  tokens: number;
  tokensPerSecond: number;
  gflops: number;
  elapsedSeconds: number;
  /** Mean loss of the last steps, and the last validation. */
  loss: number;
  validation: ValidationEvent | null;
}

export type TrainEvent = StartEvent | StepEvent | ValidationEvent | CheckpointEvent | DoneEvent;
