// Chooses the next token from logits that are in JavaScript; Session.sample does the same in the kernels' memory.
import { argmax, drawToken, penalize } from "../kernels/reference/sampling.ts";
import { resolveSampling, type SamplingOptions, samplerState } from "../kernels/sampling.ts";
import { nextWord } from "../random.ts";

export type { SamplingOptions } from "../kernels/sampling.ts";

/** A sampler keeps its random state between tokens. */
export interface Sampler {
  /** The next token. `logits` [V] are changed; entries of −Infinity are never chosen. `history`: the tokens so far. */
  sample(logits: Float32Array, history: readonly number[]): number;
}

/** @throws HandheldError `invalid-option` naming the option that is out of range. */
export function createSampler(options: SamplingOptions = {}): Sampler {
  const how = resolveSampling(options);
  const state = samplerState(how.seed);
  return {
    sample(logits, history) {
      if (how.repetitionPenalty !== 1) penalize(logits, history, how.repetitionPenalty);
      return how.temperature === 0 ? argmax(logits) : drawToken(logits, how, nextWord(state) / 2 ** 32);
    },
  };
}
