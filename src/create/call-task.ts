// Function calling as a training task: samples varied afresh each epoch, encoded by the codec, and the share of right
// answers on held-out queries as validation.
import { evaluateCalls, spread } from "../eval/calls.ts";
import type { CallCodec } from "../functions/codec.ts";
import { augmentOptions, createAugmenter } from "../functions/slots.ts";
import type { CallDataset, Sample } from "../functions/types.ts";
import { createCaller } from "../generate/calls.ts";
import { Decoder } from "../model/decoder.ts";
import { fillFrom } from "../model/weights.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { TrainExample, TrainTask } from "../train/types.ts";

/** What {@link createCallTask} needs besides the data. */
export interface CallTaskOptions {
  /** Weight of the loss on the query's own tokens; 0: on the answer only. */
  queryWeight: number;
  /** Validation queries that are answered at each validation, at most. */
  validationSamples: number;
  /** Fresh training samples for the epochs after the first; without it every epoch has the same. */
  redraw?: ((epoch: number) => Sample[]) | undefined;
  signal?: AbortSignal | undefined;
}

/** The task of a data set; its metrics are `accuracy` and `softAccuracy` of greedy constrained answers. */
export function createCallTask(
  dataset: CallDataset,
  codec: CallCodec,
  tokenizer: Tokenizer,
  options: CallTaskOptions,
): TrainTask {
  const vary = createAugmenter(dataset.train, dataset.functions);
  const held = spread(dataset.validation, options.validationSamples);
  // Early in training answers run on; they are wrong long before they end.
  const maxTokens = 2 * Math.max(...held.map(({ answers }) => codec.answer(answers).length));
  const encode = (sample: Sample): TrainExample => codec.encode(sample, options.queryWeight);
  return {
    name: "function calls",
    examples: ({ epoch, random, augmentation }) => {
      const chosen = augmentOptions(augmentation);
      const samples = epoch > 0 && options.redraw ? options.redraw(epoch) : dataset.train;
      return samples.map((sample) => encode(vary(sample, chosen, random)));
    },
    validation: held.map((sample) => codec.encode(sample)),
    async validate(model) {
      const decoder = Decoder.create(model.backend, model.spec, "f32", fillFrom(model.tensors()));
      const caller = createCaller(decoder, tokenizer, codec, { maxTokens });
      try {
        const { accuracy, softAccuracy } = await evaluateCalls(caller, held, { signal: options.signal });
        return { accuracy, softAccuracy };
      } finally {
        caller.close();
        decoder.close();
      }
    },
  };
}
