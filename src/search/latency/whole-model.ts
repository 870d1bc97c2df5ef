// Times whole models, several by turns: what a prediction is held against.
import { HandheldError } from "../../errors.ts";
import type { Spec } from "../../spec/spec.ts";
import { mostDecoded, type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "../timing.ts";

/** One turn of one model. */
export interface TimedTurn {
  /** Which of the models, and which round, from 0. */
  model: number;
  round: number;
  /** Tokens per second. */
  prefill: number;
  decode: number;
}

/** How models are timed by turns. */
export interface TurnOptions {
  /** Times that each model gets its turn. */
  rounds: number;
  /** Repeats of a turn, of which the fastest counts, and seconds of each. */
  repeats: number;
  repeatSeconds: number;
  now?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
  /** Turns that were taken before an interruption; they are not taken again. */
  earlier?: readonly TimedTurn[] | undefined;
  /** After each turn, with what it measured. */
  onTurn?: ((done: number, total: number, turn: TimedTurn) => void) | undefined;
}

/** Speeds of one model in each round, in tokens per second. */
export interface TurnSpeeds {
  prefill: number[];
  decode: number[];
}

/** What is timed. */
export interface TimedModel {
  spec: Spec;
  /** Tokens of the prompt, and those in the cache at the middle of what is decoded. */
  prompt: number;
  context: number;
}

/**
 * Times models by turns, the order reversed in every other round. `open` makes a model's decoder, which is closed after its
 * turn.
 * @throws HandheldError `aborted`
 */
export async function timeByTurns(
  models: readonly TimedModel[],
  open: (spec: Spec) => TimedDecoder & { close(): void },
  options: TurnOptions,
): Promise<TurnSpeeds[]> {
  const speeds: TurnSpeeds[] = models.map(() => ({ prefill: [], decode: [] }));
  const { rounds, signal, earlier = [], onTurn } = options;
  const timing: TimingOptions = { ...options, budgetSeconds: 60 };
  const known = (model: number, round: number) => earlier.find((one) => one.model === model && one.round === round);
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const order = models.map((_, i) => (round % 2 === 0 ? i : models.length - 1 - i));
    for (const i of order) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped while timing models");
      const before = known(i, round);
      const turn = before ?? { model: i, round, ...(await timeOnce(models[i]!, open, timing)) };
      speeds[i]!.prefill.push(turn.prefill);
      speeds[i]!.decode.push(turn.decode);
      done++;
      if (before === undefined) onTurn?.(done, rounds * models.length, turn);
    }
  }
  return speeds;
}

async function timeOnce(
  { spec, prompt, context }: TimedModel,
  open: (spec: Spec) => TimedDecoder & { close(): void },
  timing: TimingOptions,
): Promise<Pick<TimedTurn, "prefill" | "decode">> {
  const decoder = open(spec);
  try {
    const prefill = (await timePrefill(decoder, prompt, timing)).fastest;
    const start = Math.max(0, Math.min(context - mostDecoded / 2, spec.context - mostDecoded));
    return { prefill, decode: (await timeDecode(decoder, start, timing)).fastest };
  } finally {
    decoder.close();
  }
}

/** Middle of numbers; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
