// Verifies predictions: builds candidates with random weights and measures them whole, by turns.
import type { Backend } from "../../kernels/backend.ts";
import { randomFill } from "../../model/weights.ts";
import { modelBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { pooledDecoder } from "./pooled.ts";
import type { Estimate, Predictor, SpeedRequest } from "./predictor.ts";
import { median, type TimedModel, type TimedTurn, timeByTurns } from "./whole-model.ts";

/** Options of {@link verifyCandidates}. */
export interface VerifyOptions extends SpeedRequest {
  /** Turns of each candidate. Default 3. */
  rounds?: number | undefined;
  /** A candidate whose rounds lie further apart than this share, for the machine was busy, gets as many again. Default: none. */
  spreadAtMost?: number | undefined;
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
    const turns = [...(options.earlier ?? [])];
    await takeTurns(models, open, turns, options);
    return summarizeTurns(specs, turns, options);
  } finally {
    backend.free(weights);
  }
}

/** Takes the turns that are missing, and adds them. */
async function takeTurns(
  models: readonly TimedModel[],
  open: Parameters<typeof timeByTurns>[1],
  turns: TimedTurn[],
  { rounds = 3, spreadAtMost = Infinity, now, signal, onTurn, onProgress }: VerifyOptions,
): Promise<void> {
  const timing = { rounds, repeats: 3, repeatSeconds: 0.1, now, signal };
  const hear = (turn: TimedTurn, done: number, total: number) => {
    turns.push(turn);
    onTurn?.(turn);
    onProgress?.(done, total);
  };
  const earlier = [...turns];
  await timeByTurns(models, open, { ...timing, earlier, onTurn: (done, total, turn) => hear(turn, done, total) });
  const first = turns.filter(({ round }) => round < rounds);
  const restless = [...models.keys()].filter((i) => spreadOf(first.filter(({ model }) => model === i)) > spreadAtMost);
  if (restless.length === 0) return;
  const before = rounds * models.length;
  await timeByTurns(
    restless.map((i) => models[i]!),
    open,
    {
      ...timing,
      earlier: earlier
        .filter(({ round }) => round >= rounds)
        .map((turn) => ({ ...turn, model: restless.indexOf(turn.model), round: turn.round - rounds })),
      onTurn: (done, total, turn) =>
        hear({ ...turn, model: restless[turn.model]!, round: rounds + turn.round }, before + done, before + total),
    },
  );
}

/** The larger of both speeds' spreads. */
function spreadOf(turns: readonly TimedTurn[]): number {
  const spread = (speeds: number[]) => (Math.max(...speeds) - Math.min(...speeds)) / median(speeds);
  return Math.max(spread(turns.map(({ prefill }) => prefill)), spread(turns.map(({ decode }) => decode)));
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
