// How to train, as validated data. The architecture is the spec's business, the examples are the task's.
import * as z from "zod";
import { HandheldError, suggest } from "../errors.ts";
import { initializations } from "../model/initialize.ts";

const count = z.number().int().positive();
const share = z.number().min(0).max(1);

const fields = z.strictObject({
  /** Version of this format. */
  version: z.literal(1),
  /** Peak learning rate. */
  learningRate: z.number().positive(),
  /** Shape of the learning rate after warm-up. */
  schedule: z.enum(["cosine", "linear", "constant"]),
  /** Share of all steps during which the learning rate rises linearly from 0. */
  warmupRatio: share,
  /** Learning rate at the end as a share of the peak (cosine, linear). */
  finalRatio: share,
  /** When to stop: epochs, optimiser steps, or minutes of wall time, which become steps once the speed is known. */
  length: z.union([
    z.strictObject({ epochs: z.number().positive() }),
    z.strictObject({ steps: count }),
    z.strictObject({ minutes: z.number().positive() }),
  ]),
  /** Most tokens that go through the model at once. */
  batchTokens: count,
  /** Batches whose gradients are added up for one step. */
  accumulate: count,
  /** Share of the residual branches' outputs, and of the embedding's, that is dropped. */
  dropout: z.number().min(0).max(0.9),
  labelSmoothing: z.number().min(0).max(0.9),
  /** Decoupled weight decay of matrices; norms have none. */
  weightDecay: z.number().min(0),
  /** Whether the token embedding decays as well. */
  decayEmbeddings: z.boolean(),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: z.number().positive(),
  /** Largest global norm of the gradient; 0 never clips. */
  clipNorm: z.number().min(0),
  /** Decay per step of the moving average of the weights, which is then validated and kept; 0: no average. */
  ema: z.number().min(0).lt(1),
  /**
   * Share of all steps, at the end, that compute with the matrices as int4 would hold them (quantisation-aware training,
   * see docs/architecture.md); 0: none. No effect with `lora`.
   */
  quantizeRatio: share,
  /** How the first weights are drawn; see `initializeWeights`. */
  init: z.enum(initializations),
  /** Share of the token embedding that begins as word vectors of the task's texts (`model/word-vectors.ts`); 0: none. */
  wordVectors: share,
  /** Low-rank adapters on all linear layers instead of training every weight. */
  lora: z.strictObject({ rank: count, alpha: z.number().positive() }).nullable(),
  /** Validations spread evenly over the run; the last is at its end. */
  validations: z.number().int().min(0),
  /** The task's own knobs: handed to {@link TrainTask.examples} as they are. */
  augmentation: z.record(z.string(), z.number()),
  seed: z.number().int().min(0),
});

/** A validated recipe. Every field is set. */
export type TrainRecipe = z.infer<typeof fields>;

/** What a recipe file may leave out, and the values then taken: AdamW as PhoneLM section 3.2 has it. */
export const recipeDefaults = {
  version: 1,
  learningRate: 3e-3,
  schedule: "cosine",
  warmupRatio: 0.02,
  finalRatio: 0.02,
  length: { epochs: 10 },
  batchTokens: 4096,
  accumulate: 1,
  dropout: 0,
  labelSmoothing: 0,
  weightDecay: 0.1,
  decayEmbeddings: true,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  clipNorm: 1,
  ema: 0,
  quantizeRatio: 0,
  init: "gpt2",
  wordVectors: 0,
  lora: null,
  validations: 8,
  augmentation: {},
  seed: 1,
} as const satisfies TrainRecipe;

/**
 * Fills in {@link recipeDefaults} and validates.
 *
 * @throws HandheldError `invalid-option`, naming the field and what arrived. `where` prefixes the message.
 * @example
 * ```ts
 * const recipe = createRecipe({ learningRate: 1e-3, length: { minutes: 5 } });
 * ```
 */
export function createRecipe(input: Partial<TrainRecipe> | Record<string, unknown>, where = "recipe"): TrainRecipe {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const merged: Record<string, unknown> = { ...recipeDefaults, ...given };
  const result = fields.safeParse(merged);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const key = issue.keys[0]!;
    const hint = suggest(key, Object.keys(fields.shape)) || "; remove it";
    throw new HandheldError("invalid-option", `${where}: unknown field "${key}"${hint}`);
  }
  const key = String(issue.path[0]);
  const rule = key === "length" ? 'must be {"epochs": n}, {"steps": n} or {"minutes": n}' : issue.message;
  throw new HandheldError("invalid-option", `${where}: ${key}: ${rule} (got ${JSON.stringify(merged[key])})`);
}
