// A task for tests: repeat a short random sequence behind a separator.
import { createRandom, type Random } from "../random.ts";
import type { TrainExample, TrainTask } from "./types.ts";

const separator = 0;

/** `count` sequences `a b c 0 a b c` per epoch, drawn afresh, with the loss on the repetition. Vocabulary 10. */
export function copyTask(count: number): TrainTask {
  const draw = (random: Random) => Array.from({ length: count }, () => example(random));
  return { name: "copy", examples: ({ random }) => draw(random), validation: draw(createRandom(99)) };
}

function example(random: Random): TrainExample {
  const word = Array.from({ length: 2 + random.below(3) }, () => 1 + random.below(9));
  const ids = Int32Array.from([...word, separator, ...word]);
  return { ids, weights: Float32Array.from(ids, (_, t) => (t > word.length ? 1 : 0)) };
}
