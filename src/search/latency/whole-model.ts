// Times whole models, several by turns: what a prediction is held against.
import { HandheldError } from "../../errors.ts";
import { decodeBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { mostDecoded, type Speed, type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "../timing.ts";
import { anchorBound, paceOf, productWeights, streamedShare, type Weights } from "./anchors.ts";
import type { Guard } from "./guard.ts";

/** One turn of one model. */
export interface TimedTurn {
  /** Which of the models, and which round, from 0. */
  model: number;
  round: number;
  /** Tokens per second, as at the pace of the anchors' reference. */
  prefill: number;
  decode: number;
  /** By which factor the machine was slower than that; 1 where no anchor was read. */
  prefillPace: number;
  decodePace: number;
  /** How unlike the reference the anchors beside it were (anchors.ts); 0 where none was read. */
  off: number;
}

/** How models are timed by turns. */
export interface TurnOptions {
  /** Times that each model gets its turn. */
  rounds: number;
  /** Repeats of a turn, of which the mean counts, and seconds of each. */
  repeats: number;
  repeatSeconds: number;
  /** Seconds after which no further repeat is started, once there are three. */
  budgetSeconds: number;
  /** Whether another turn may begin; asked once every model had one. Default: always. */
  hasTime?: (() => boolean) | undefined;
  /** Sees to it that the machine is as it was. */
  guard?: Guard | undefined;
  /** Bytes of weights half of which comes from memory (residency.ts): which anchor's pace decoding has. Default: all do. */
  halfStreamed?: number | undefined;
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
  const { rounds, signal, earlier = [], hasTime, onTurn } = options;
  const turns: TimedTurn[] = [];
  for (let round = 0; round < rounds; round++) {
    const order = models.map((_, i) => (round % 2 === 0 ? i : models.length - 1 - i));
    for (const model of order) {
      if (signal?.aborted) throw new HandheldError("aborted", "stopped while timing models");
      if (round > 0 && hasTime?.() === false) return turns;
      const before = earlier.find((one) => one.model === model && one.round === round);
      const turn = before ?? { model, round, ...(await timeOnce(models[model]!, open, options)) };
      turns.push(turn);
      if (before === undefined) onTurn?.(turns.length, rounds * models.length, turn);
    }
  }
  return turns;
}

async function timeOnce({ spec, prompt, context }: TimedModel, open: Open, options: TurnOptions) {
  const decoder = open(spec);
  try {
    const streamed = streamedShare(decodeBytes(spec, context), options.halfStreamed ?? 0);
    const weights = (tokens: number) => productWeights(tokens, streamed);
    const prefill = await timePhase((timing) => timePrefill(decoder, prompt, timing), weights(prompt), options);
    const start = Math.max(0, Math.min(context - mostDecoded / 2, spec.context - mostDecoded));
    const decode = await timePhase((timing) => timeDecode(decoder, start, timing), weights(1), options);
    return {
      prefill: prefill.speed,
      decode: decode.speed,
      prefillPace: prefill.pace,
      decodePace: decode.pace,
      off: Math.max(prefill.off, decode.off),
    };
  } finally {
    decoder.close();
  }
}

async function timePhase(
  time: (timing: TimingOptions) => Promise<Speed>,
  weights: Weights,
  { guard, repeats, repeatSeconds, budgetSeconds, now, signal }: TurnOptions,
) {
  const timing = { repeats, repeatSeconds, budgetSeconds, now, signal };
  if (guard === undefined) return { speed: (await time(timing)).mean, pace: 1, off: 0 };
  const { value, reading, off } = await guard.measure((between) => time({ ...timing, between }));
  const pace = paceOf(reading, guard.reference, weights);
  return { speed: value.mean * pace, pace, off };
}

/** Speeds of one model, in tokens per second, round by round. */
export interface TurnSpeeds {
  prefill: number[];
  decode: number[];
  prefillPace: number[];
  decodePace: number[];
  /** The machine was in no round as it should be: these are all rounds. Else they are those in which it was. */
  disturbed: boolean;
}

/** What turns say of a model; null where it had none. */
export function speedsOf(turns: readonly TimedTurn[], model: number): TurnSpeeds | null {
  const own = turns.filter((turn) => turn.model === model).sort((a, b) => a.round - b.round);
  if (own.length === 0) return null;
  const steady = own.filter(({ off }) => off <= anchorBound);
  const disturbed = steady.length === 0;
  const counted = disturbed ? own : steady;
  const of = (key: keyof Omit<TurnSpeeds, "disturbed">) => counted.map((turn) => turn[key]);
  const [prefill, decode] = [of("prefill"), of("decode")];
  return { prefill, decode, prefillPace: of("prefillPace"), decodePace: of("decodePace"), disturbed };
}
