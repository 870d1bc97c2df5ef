// Times whole models, several by turns: what a prediction is held against.
import { HandheldError } from "../../errors.ts";
import type { Spec } from "../../spec/spec.ts";
import { mostDecoded, type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "../timing.ts";

/** How models are timed by turns. */
export interface TurnOptions {
  /** Times that each model gets its turn. */
  rounds: number;
  /** Repeats of a turn, and seconds of each; their median counts. */
  repeats: number;
  repeatSeconds: number;
  now?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
  /** After each turn. */
  onTurn?: ((done: number, total: number) => void) | undefined;
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
  const { rounds, signal, onTurn } = options;
  const timing: TimingOptions = { ...options, budgetSeconds: 60 };
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const order = models.map((_, i) => (round % 2 === 0 ? i : models.length - 1 - i));
    for (const i of order) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped while timing models");
      const { spec, prompt, context } = models[i]!;
      const decoder = open(spec);
      try {
        speeds[i]!.prefill.push((await timePrefill(decoder, prompt, timing)).tokensPerSecond);
        const start = Math.max(0, Math.min(context - mostDecoded / 2, spec.context - mostDecoded));
        speeds[i]!.decode.push((await timeDecode(decoder, start, timing)).tokensPerSecond);
      } finally {
        decoder.close();
      }
      onTurn?.(++done, rounds * models.length);
    }
  }
  return speeds;
}

/** Middle of numbers; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
