// The training loop: steps, validations and checkpoints in order, reported as events. It prints nothing and knows nothing
// of what is learned. A run resumed from a checkpoint makes the same steps as one that was never stopped.
import type { TrainableModel } from "../model/trainable.ts";
import { nextTurn } from "../turn.ts";
import type { TrainRecipe } from "./recipe.ts";
import { Run } from "./run.ts";
import type { TrainEvent, TrainOptions, TrainTask } from "./types.ts";

/**
 * Trains `model` on `task` and reports as it goes. At the end the model holds the final weights (the averaged ones with
 * `ema`). A checkpoint is written when the loss of the step that follows has shown its weights to be sound. A resumed run
 * equals an uninterrupted one bit for bit on the same backend and number of threads (a time budget aside).
 *
 * @throws DivergenceError when the loss or the gradient stops being a number or runs away; the last good checkpoint stays.
 * @throws HandheldError `aborted` on the signal, `context-overflow` for an example longer than the context,
 *   `invalid-data` for a task without examples, `invalid-option` when a checkpoint belongs to another run, `io`.
 * @example
 * ```ts
 * for await (const event of train(model, task, createRecipe({ length: { minutes: 5 } }))) console.log(event);
 * ```
 */
export async function* train(
  model: TrainableModel,
  task: TrainTask,
  recipe: TrainRecipe,
  options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void, void> {
  const run = new Run(model, task, recipe, options);
  try {
    yield await run.start();
    if (run.validationDue) yield await run.validate(); // it was stopped between a step and its validation
    while (!run.finished) {
      const step = await run.computeStep();
      if (run.checkpointDue) yield await run.save();
      yield run.finishStep(step);
      await nextTurn();
      if (options.signal?.aborted) throw await run.abort();
      if (run.validationDue) yield await run.validate();
    }
    if (run.checkpointMissing) yield await run.save();
    if (run.validation === null && recipe.validations > 0) yield await run.validate();
    yield run.finish();
  } finally {
    run.free();
  }
}
