// Sampling in plain TypeScript: the definition that the kernels follow, and what samples from logits in JavaScript.
import { nextWord } from "../../random.ts";
import type { Backend, Sampling } from "../backend.ts";
import type { Memory } from "./backend.ts";

type SamplingOps = Pick<Backend, "maskLogits" | "penalizeRepeats" | "sample" | "argmax">;

/** Index of the largest value; the lowest among equals. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Divides the positive logits of the tokens in `history` by the penalty, multiplies the others; each token once. */
export function penalize(logits: Float32Array, history: Iterable<number>, penalty: number): void {
  for (const id of new Set(history)) {
    const logit = logits[id]!;
    logits[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
}

/**
 * Draws a token: `uniform` in [0, 1) goes down the ranking of those that the limits leave, by their probabilities.
 * Temperature above 0. Entries of −Infinity are never drawn; 0 when there is nothing else.
 */
export function drawToken(logits: Float32Array, how: Sampling, uniform: number): number {
  const candidates = rank(logits, how.temperature, how.topK);
  return candidates.length === 0 ? 0 : pick(truncate(candidates, how.topP, how.minP), uniform);
}

interface Candidate {
  id: number;
  logit: number;
  probability: number;
}

// The candidates in falling order of probability (normalised over those kept by top-k).
function rank(logits: Float32Array, temperature: number, topK: number): Candidate[] {
  const max = logits[argmax(logits)]!;
  let candidates: Candidate[] = [];
  logits.forEach((logit, id) => {
    const probability = Math.exp((logit - max) / temperature);
    if (probability > 1e-12) candidates.push({ id, logit, probability });
  });
  candidates.sort((a, b) => b.logit - a.logit || a.id - b.id);
  if (topK > 0) candidates = candidates.slice(0, topK);
  const total = candidates.reduce((sum, candidate) => sum + candidate.probability, 0);
  for (const candidate of candidates) candidate.probability /= total;
  return candidates;
}

function truncate(candidates: Candidate[], topP: number, minP: number): Candidate[] {
  const least = minP * candidates[0]!.probability;
  const bound = topP < 1 ? topP : Infinity;
  let sum = 0;
  let count = 0;
  while (count < candidates.length && (count === 0 || (sum < bound && candidates[count]!.probability >= least))) {
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

/** The operations on logits, over one memory. */
export function samplingOps({ f32, i32 }: Memory): SamplingOps {
  const floats = (ptr: number, n: number) => f32.subarray(ptr / 4, ptr / 4 + n);
  return {
    maskLogits(x, bits, n) {
      for (let i = 0; i < n; i++) {
        if (((i32[bits / 4 + (i >>> 5)]! >>> (i & 31)) & 1) === 0) f32[x / 4 + i] = Number.NEGATIVE_INFINITY;
      }
    },
    penalizeRepeats(x, n, ids, count, penalty) {
      penalize(floats(x, n), i32.subarray(ids / 4, ids / 4 + count), Math.fround(penalty));
    },
    sample(out, x, n, state, how, _work) {
      const uniform = nextWord(i32.subarray(state / 4, state / 4 + 4)) / 2 ** 32;
      i32[out / 4] = drawToken(floats(x, n), how, uniform);
    },
    argmax(out, x, n) {
      i32[out / 4] = argmax(floats(x, n));
    },
  };
}
