// Chooses the next token from logits: greedy, or temperature with top-k, top-p, min-p and repetition penalty.
import { HandheldError } from "../errors.ts";
import { createRandom } from "../random.ts";

/** How to sample. The defaults are greedy decoding. */
export interface SamplingOptions {
  /** 0 takes the likeliest token (greedy); 1 samples the model's own distribution. Default 0. */
  temperature?: number | undefined;
  /** Sample among the k likeliest tokens. Default 0: all. */
  topK?: number | undefined;
  /** Sample among the likeliest tokens that together have this probability. Default 1: all. */
  topP?: number | undefined;
  /** Leave out tokens less likely than this share of the likeliest. Default 0: none. */
  minP?: number | undefined;
  /** Divides the positive logits of tokens seen before, multiplies the negative ones. Default 1: off. */
  repetitionPenalty?: number | undefined;
  /** Equal seeds give equal text. Default 0. */
  seed?: number | undefined;
}

/** A sampler keeps its random state between tokens. */
export interface Sampler {
  /** The next token. `logits` [V] are changed; entries of −Infinity are never chosen. `history`: the tokens so far. */
  sample(logits: Float32Array, history: readonly number[]): number;
}

const ranges: Record<keyof SamplingOptions, [least: number, most: number]> = {
  temperature: [0, 100],
  topK: [0, 2 ** 31],
  topP: [0, 1],
  minP: [0, 1],
  repetitionPenalty: [0.1, 10],
  seed: [0, 2 ** 53],
};

/** @throws HandheldError `invalid-option` naming the option that is out of range. */
export function createSampler(options: SamplingOptions = {}): Sampler {
  for (const [name, [least, most]] of Object.entries(ranges)) {
    const value = options[name as keyof SamplingOptions];
    if (value !== undefined && !(value >= least && value <= most)) {
      throw new HandheldError("invalid-option", `${name} must be between ${least} and ${most}, got ${value}`);
    }
  }
  const { temperature = 0, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1, seed = 0 } = options;
  const random = createRandom(seed, "sampler");
  return {
    sample(logits, history) {
      if (repetitionPenalty !== 1) penalise(logits, history, repetitionPenalty);
      if (temperature === 0) return argmax(logits);
      const candidates = rank(logits, temperature, topK);
      return pick(truncate(candidates, topP, minP), random.float());
    },
  };
}

/** Index of the largest value; the lowest among equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

interface Candidate {
  id: number;
  probability: number;
}

function penalise(logits: Float32Array, history: readonly number[], penalty: number): void {
  for (const id of new Set(history)) {
    const logit = logits[id]!;
    logits[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
}

// The candidates in falling order of probability (normalised over those kept by top-k).
function rank(logits: Float32Array, temperature: number, topK: number): Candidate[] {
  const max = logits[argmax(logits)]!;
  let candidates: Candidate[] = [];
  for (let id = 0; id < logits.length; id++) {
    const probability = Math.exp((logits[id]! - max) / temperature);
    if (probability > 1e-12) candidates.push({ id, probability });
  }
  candidates.sort((a, b) => b.probability - a.probability || a.id - b.id);
  if (topK > 0) candidates = candidates.slice(0, topK);
  const total = candidates.reduce((sum, candidate) => sum + candidate.probability, 0);
  for (const candidate of candidates) candidate.probability /= total;
  return candidates;
}

function truncate(candidates: Candidate[], topP: number, minP: number): Candidate[] {
  const least = minP * candidates[0]!.probability;
  let sum = 0;
  let count = 0;
  while (count < candidates.length && (count === 0 || (sum < topP && candidates[count]!.probability >= least))) {
    sum += candidates[count++]!.probability;
  }
  return candidates.slice(0, count);
}

function pick(candidates: Candidate[], uniform: number): number {
  const total = candidates.reduce((sum, candidate) => sum + candidate.probability, 0);
  let rest = uniform * total;
  for (const { id, probability } of candidates) {
    rest -= probability;
    if (rest < 0) return id;
  }
  return candidates.at(-1)!.id;
}
