// Times whole models, several by turns: what a prediction is held against.
import { HandheldError } from "../../errors.ts";
import type { Spec } from "../../spec/spec.ts";
import { mostDecoded, type Speed, type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "../timing.ts";
import { type Guard, guardBound } from "./guard.ts";

/** One turn of one model. */
export interface TimedTurn {
  /** Which of the models, and which round, from 0. */
  model: number;
  round: number;
  /** Tokens per second. */
  prefill: number;
  decode: number;
  /** Largest share by which an anchor beside it was off; 0 where none was read. */
  off: number;
}

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
  /** Turns that were taken before an interruption; they are not taken again. */
  earlier?: readonly TimedTurn[] | undefined;
  /** After each turn, with what it measured. */
  onTurn?: ((done: number, total: number, turn: TimedTurn) => void) | undefined;
}

/** What is timed. */
export interface TimedModel {
  spec: Spec;
  /** Tokens of the prompt, and those in the cache at the middle of what is decoded. */
  prompt: number;
  context: number;
}

type Open = (spec: Spec) => TimedDecoder & { close(): void };

/**
 * Times models by turns, the order reversed in every other round. `open` makes a model's decoder, which is closed after its
 * turn.
 * @returns all turns, the earlier ones among them
 * @throws HandheldError `aborted`
 */
export async function timeByTurns(
  models: readonly TimedModel[],
  open: Open,
  options: TurnOptions,
): Promise<TimedTurn[]> {
  const { rounds, signal, earlier = [], onTurn } = options;
  const turns: TimedTurn[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = models.map((_, i) => (round % 2 === 0 ? i : models.length - 1 - i));
    for (const model of order) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped while timing models");
      const before = earlier.find((one) => one.model === model && one.round === round);
      const turn = before ?? { model, round, ...(await timeOnce(models[model]!, open, options)) };
      turns.push(turn);
      if (before === undefined) onTurn?.(turns.length, rounds * models.length, turn);
    }
  }
  return turns;
}

async function timeOnce({ spec, prompt, context }: TimedModel, open: Open, { guard, ...options }: TurnOptions) {
  const timing: TimingOptions = { ...options, budgetSeconds: 60 };
  const guarded = async (time: () => Promise<Speed>) => {
    const fastest = async () => (await time()).fastest;
    return guard ? guard.measure(fastest) : { value: await fastest(), off: 0 };
  };
  const decoder = open(spec);
  try {
    const prefill = await guarded(() => timePrefill(decoder, prompt, timing));
    const start = Math.max(0, Math.min(context - mostDecoded / 2, spec.context - mostDecoded));
    const decode = await guarded(() => timeDecode(decoder, start, timing));
    return { prefill: prefill.value, decode: decode.value, off: Math.max(prefill.off, decode.off) };
  } finally {
    decoder.close();
  }
}

/** Speeds of one model, in tokens per second, round by round. */
export interface TurnSpeeds {
  prefill: number[];
  decode: number[];
  /** The machine was in no round as it should be: these are all rounds. Else they are those in which it was. */
  disturbed: boolean;
}

/** What turns say of a model; null where it had none. */
export function speedsOf(turns: readonly TimedTurn[], model: number): TurnSpeeds | null {
  const own = turns.filter((turn) => turn.model === model).sort((a, b) => a.round - b.round);
  if (own.length === 0) return null;
  const steady = own.filter(({ off }) => off <= guardBound);
  const disturbed = steady.length === 0;
  const counted = disturbed ? own : steady;
  return { prefill: counted.map(({ prefill }) => prefill), decode: counted.map(({ decode }) => decode), disturbed };
}
