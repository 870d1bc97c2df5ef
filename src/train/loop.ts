// The training loop.
import type { TrainableModel } from "../model/trainable.ts";
import type { TrainRecipe } from "./recipe.ts";
import type { TrainEvent, TrainOptions, TrainTask } from "./types.ts";

/**
 * Trains `model` on `task` and reports as it goes.
 *
 * @throws DivergenceError when the loss or the gradient stops being a number or runs away; the last good checkpoint stays.
 * @throws HandheldError `aborted` on the signal, `context-overflow` for an example longer than the context,
 *   `invalid-data` for a task without examples, `invalid-option` when a checkpoint belongs to another run, `io`.
 * @example
 * ```ts
 * for await (const event of train(model, task, createRecipe({ length: { minutes: 5 } }))) console.log(event);
 * ```
 */
// biome-ignore lint/correctness/useYield: not written yet
export async function* train(
  _model: TrainableModel,
  _task: TrainTask,
  _recipe: TrainRecipe,
  _options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void, void> {
  throw new Error("not written");
}
