// Verifies predictions: builds candidates with random weights and measures them whole, by turns.
import type { Backend } from "../../kernels/backend.ts";
import { randomFill } from "../../model/weights.ts";
import { modelBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { pooledDecoder } from "./pooled.ts";
import type { Estimate, Predictor, SpeedRequest } from "./predictor.ts";
import { median, type TimedTurn, timeByTurns } from "./whole-model.ts";

/** Options of {@link verifyCandidates}. */
export interface VerifyOptions extends SpeedRequest {
  /** Turns of each candidate. Default 3. */
  rounds?: number | undefined;
  /** What was predicted, beside what is measured. */
  predictor?: Predictor | undefined;
  /** Turns of these candidates that an interrupted verification took before; they are not taken again. */
  earlier?: readonly TimedTurn[] | undefined;
  /** Hears each turn that is taken, so that it is not lost with the device. */
  onTurn?: ((turn: TimedTurn) => void) | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds of a clock. Default performance.now. */
  now?: (() => number) | undefined;
}

/** One speed of a candidate. */
export interface VerifiedSpeed {
  /** Median of the rounds. */
  tokensPerSecond: number;
  /** (Fastest − slowest) ÷ median of the rounds. */
  spread: number;
  rounds: number[];
  predicted: Estimate | null;
}

/** A candidate as measured. */
export interface VerifiedCandidate {
  spec: Spec;
  /** Of the prompt, into an empty cache. */
  prefill: VerifiedSpeed;
  /** Of tokens around the context. */
  decode: VerifiedSpeed;
}

// Bytes that a matrix may take up to its next place.
const alignment = 576;

/**
 * Measures candidates whole, each in its turn over several rounds. One memory for weights serves them all, so that it takes
 * as much as the largest one.
 * @throws HandheldError `out-of-memory`, `aborted`; ContextOverflowError where a request does not fit a candidate
 */
export async function verifyCandidates(
  backend: Backend,
  specs: readonly Spec[],
  options: VerifyOptions,
): Promise<VerifiedCandidate[]> {
  const { prompt, context } = options;
  const bytes = specs.reduce((most, spec) => Math.max(most, modelBytes(spec, "int4")), 0);
  const matrices = specs.reduce((most, spec) => Math.max(most, 8 * spec.layers + 4), 0);
  const size = Math.ceil(bytes / 144) * 144 + matrices * alignment;
  const weights = backend.alloc(size);
  try {
    randomFill(1)("weights", backend.u8(weights, size), [8, size / 18], "int4");
    const open = (spec: Spec) => {
      let at = weights;
      return pooledDecoder(backend, spec, (wanted) => {
        const ptr = at;
        at += Math.ceil(wanted / alignment) * alignment;
        return ptr;
      });
    };
    const models = specs.map((spec) => ({ spec, prompt, context }));
    const { rounds = 3, now, signal, earlier = [], onProgress } = options;
    const turns = [...earlier];
    const onTurn = (done: number, total: number, turn: TimedTurn) => {
      turns.push(turn);
      options.onTurn?.(turn);
      onProgress?.(done, total);
    };
    await timeByTurns(models, open, { rounds, repeats: 3, repeatSeconds: 0.1, now, signal, earlier, onTurn });
    return summarizeTurns(specs, turns, options);
  } finally {
    backend.free(weights);
  }
}

/** What turns say of the candidates, those left out that had none: of all turns, or of those until a device was lost. */
export function summarizeTurns(
  specs: readonly Spec[],
  turns: readonly TimedTurn[],
  { prompt, context, predictor }: Pick<VerifyOptions, "prompt" | "context" | "predictor">,
): VerifiedCandidate[] {
  return specs.flatMap((spec, i) => {
    const own = turns.filter(({ model }) => model === i).sort((a, b) => a.round - b.round);
    if (own.length === 0) return [];
    const predicted = predictor?.speed(spec, { prompt, context });
    return {
      spec,
      prefill: verified(
        own.map(({ prefill }) => prefill),
        predicted?.prefillTokensPerSecond,
      ),
      decode: verified(
        own.map(({ decode }) => decode),
        predicted?.decodeTokensPerSecond,
      ),
    };
  });
}

function verified(rounds: number[], predicted: Estimate | undefined): VerifiedSpeed {
  const tokensPerSecond = median(rounds);
  const spread = (Math.max(...rounds) - Math.min(...rounds)) / tokensPerSecond;
  return { tokensPerSecond, spread, rounds, predicted: predicted ?? null };
}
