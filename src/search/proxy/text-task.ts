// A text as a training task: its own small vocabulary, windows of equal length, the end of the text held out.
import { HandheldError } from "../../errors.ts";
import { trainTokenizer } from "../../tokenizer/index.ts";
import type { TrainExample, TrainTask } from "../../train/types.ts";

/** A task with its vocabulary. */
export interface TextTask extends TrainTask {
  vocabulary: number;
  /** Tokens of a window. */
  context: number;
  /** Tokens of one pass over the training part. */
  tokens: number;
}

/** Tokens of a window; of the vocabulary; share that is held out, and the most of it in windows. */
const context = 128;
const vocabularySize = 1024;
const heldOut = 0.1;
const mostHeldOut = 160;

/**
 * Makes a task of a text: predict every next token.
 *
 * @throws HandheldError `invalid-data` for a text that is too short to tell architectures apart.
 */
export function createTextTask(text: string, where: string): TextTask {
  const cut = text.lastIndexOf("\n", Math.floor(text.length * (1 - heldOut)));
  const split = cut > text.length / 2 ? cut : Math.floor(text.length * (1 - heldOut));
  const [training, validation] = [text.slice(0, split), text.slice(split)];
  const tokenizer = trainTokenizer(training.split("\n"), { vocabularySize, addPrefixSpace: false });
  const examples = windows(tokenizer.encode(training));
  const held = windows(tokenizer.encode(validation)).slice(0, mostHeldOut);
  if (examples.length < 64 || held.length < 4) {
    throw new HandheldError(
      "invalid-data",
      `${where}: ${text.length} characters are too few to train proxies on; give at least about 50,000`,
    );
  }
  return {
    name: "proxy text",
    examples: () => examples,
    validation: held,
    vocabulary: tokenizer.size,
    context,
    tokens: examples.length * context,
  };
}

function windows(ids: ArrayLike<number>): TrainExample[] {
  const examples: TrainExample[] = [];
  for (let at = 0; at + context < ids.length; at += context) {
    const window = Int32Array.from({ length: context + 1 }, (_, i) => ids[at + i]!);
    examples.push({ ids: window, weights: new Float32Array(context + 1).fill(1) });
  }
  return examples;
}
