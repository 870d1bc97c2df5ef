// Times whole models, several by turns: what a prediction is held against.
import { HandheldError } from "../../errors.ts";
import type { Spec } from "../../spec/spec.ts";
import { mostDecoded, type Speed, type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "../timing.ts";
import type { Guard, Guarded } from "./guard.ts";

/** How models are timed by turns. */
export interface TurnOptions {
  /** Times that each model gets its turn. */
  rounds: number;
  /** Repeats of a turn, of which the fastest counts, and seconds of each. */
  repeats: number;
  repeatSeconds: number;
  /** Sees to it that the machine is as it was. */
  guard?: Guard | undefined;
  now?: (() => number) | undefined;
  signal?: AbortSignal | undefined;
  /** After each turn. */
  onTurn?: ((done: number, total: number) => void) | undefined;
}

/** Speeds of one model in tokens per second: of the rounds in which the machine was as it was; where there are none, of all. */
export interface TurnSpeeds {
  prefill: number[];
  decode: number[];
  /** Whether there were no such rounds. */
  disturbed: { prefill: boolean; decode: boolean };
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
  const turns = models.map(() => ({ prefill: [] as Guarded<number>[], decode: [] as Guarded<number>[] }));
  const { rounds, guard, signal, onTurn } = options;
  const guarded = async (time: () => Promise<Speed>): Promise<Guarded<number>> => {
    const fastest = async () => (await time()).fastest;
    return guard ? guard.measure(fastest) : { value: await fastest(), off: 0 };
  };
  const timing: TimingOptions = { ...options, budgetSeconds: 60 };
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const order = models.map((_, i) => (round % 2 === 0 ? i : models.length - 1 - i));
    for (const i of order) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped while timing models");
      const { spec, prompt, context } = models[i]!;
      const decoder = open(spec);
      try {
        turns[i]!.prefill.push(await guarded(() => timePrefill(decoder, prompt, timing)));
        const start = Math.max(0, Math.min(context - mostDecoded / 2, spec.context - mostDecoded));
        turns[i]!.decode.push(await guarded(() => timeDecode(decoder, start, timing)));
      } finally {
        decoder.close();
      }
      onTurn?.(++done, rounds * models.length);
    }
  }
  const bound = guard?.bound ?? Infinity;
  return turns.map(({ prefill, decode }) => {
    const [ofPrefill, ofDecode] = [undisturbed(prefill, bound), undisturbed(decode, bound)];
    return {
      prefill: ofPrefill.values,
      decode: ofDecode.values,
      disturbed: { prefill: ofPrefill.none, decode: ofDecode.none },
    };
  });
}

function undisturbed(rounds: readonly Guarded<number>[], bound: number): { values: number[]; none: boolean } {
  const steady = rounds.filter(({ off }) => off <= bound);
  const none = steady.length === 0;
  return { values: (none ? rounds : steady).map(({ value }) => value), none };
}

/** Middle of numbers; of two middle ones, their mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}
