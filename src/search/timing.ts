// Times a decoder: prefill of a prompt, and decoding at a context. Knows sessions only, not what is behind them.
import type { EnergyMeter } from "../devices/energy/meter.ts";
import { HandheldError } from "../errors.ts";
import { meanTime } from "./statistics.ts";

/** A sequence that tokens are appended to, as Session in src/model. */
export interface TimedSession {
  append(ids: ArrayLike<number>): void;
  truncate(length: number): void;
  close(): void;
}

/** A decoder as far as timing needs it; Decoder in src/model is one. */
export interface TimedDecoder {
  readonly spec: { readonly vocabulary: number; readonly context: number };
  createSession(options: { capacity: number }): TimedSession;
}

/** A speed over several repeats. */
export interface Speed {
  /** Median over the repeats. */
  tokensPerSecond: number;
  /** Of the mean time of a repeat (meanTime): what operations add up to, where others share the device. */
  mean: number;
  /** (Fastest − slowest) ÷ median over the repeats; 0 for one repeat. */
  spread: number;
  repeats: number;
  /** Joules per token over all repeats; absent where no meter was given. */
  joulesPerToken?: number;
}

/** How much is measured. */
export interface TimingOptions {
  /** Repeats of which the median counts. Default 5. */
  repeats?: number | undefined;
  /** Seconds that one repeat should last at least, so that the clock's grain and stray interrupts do not matter. Default 0.1. */
  repeatSeconds?: number | undefined;
  /** Seconds after which no further repeat is started, once there are three. Default 15. */
  budgetSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after each repeat; its time does not count. */
  between?: (() => void) | undefined;
  /** Counts the energy, too; all repeats together should last its `shortestSeconds`. */
  meter?: EnergyMeter | undefined;
  /** Milliseconds of a clock. Default performance.now. */
  now?: (() => number) | undefined;
}

/** Most tokens that one repeat of {@link timeDecode} decodes. */
export const mostDecoded = 64;

/**
 * Tokens per second of putting a prompt of `tokens` tokens into an empty cache, its last logits included.
 * @throws ContextOverflowError when the prompt is longer than the context; HandheldError `aborted`
 */
export async function timePrefill(decoder: TimedDecoder, tokens: number, options: TimingOptions = {}): Promise<Speed> {
  const session = decoder.createSession({ capacity: tokens });
  const prompt = someTokens(decoder, tokens);
  try {
    return await timeRepeats(options, tokens, (times) => {
      for (let i = 0; i < times; i++) {
        session.truncate(0);
        session.append(prompt);
      }
    });
  } finally {
    session.close();
  }
}

/**
 * Tokens per second of decoding one by one when `context` tokens are cached before the first; sampling is left out.
 * Each run decodes at most 64 tokens and starts again at `context`.
 * @throws ContextOverflowError when not one token fits behind them; HandheldError `aborted`
 */
export async function timeDecode(decoder: TimedDecoder, context: number, options: TimingOptions = {}): Promise<Speed> {
  const run = Math.max(1, Math.min(mostDecoded, decoder.spec.context - context));
  const session = decoder.createSession({ capacity: context + run });
  try {
    session.append(someTokens(decoder, context));
    return await timeRepeats(options, 1, (times) => {
      for (let i = 0; i < times; i++) {
        if (i % run === 0) session.truncate(context);
        session.append([i % decoder.spec.vocabulary]);
      }
      session.truncate(context);
    });
  } finally {
    session.close();
  }
}

async function timeRepeats(options: TimingOptions, tokens: number, run: (times: number) => void): Promise<Speed> {
  const now = options.now ?? (() => performance.now());
  const seconds = async (times: number) => {
    await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C, and a page's drawing, in
    if (options.signal?.aborted) throw new HandheldError("aborted", "stopped while timing");
    const started = now();
    run(times);
    return Math.max(1e-9, (now() - started) / 1000);
  };
  const times = await calibrate(seconds, options.repeatSeconds ?? 0.1);
  const repeats = Math.max(1, options.repeats ?? 5);
  let end = now() + (options.budgetSeconds ?? 15) * 1000;
  const speeds: number[] = [];
  const count = await options.meter?.start();
  let joules = 0;
  while (speeds.length < repeats && (speeds.length < 3 || now() < end)) {
    speeds.push((tokens * times) / (await seconds(times)));
    if (count) joules = await count();
    const paused = now();
    options.between?.();
    end += now() - paused;
  }
  speeds.sort((a, b) => a - b);
  const tokensPerSecond = median(speeds);
  const [slowest, fastest] = [speeds[0]!, speeds.at(-1)!];
  const mean = 1 / meanTime(speeds.map((speed) => 1 / speed));
  const speed = {
    tokensPerSecond,
    mean,
    spread: (fastest - slowest) / tokensPerSecond,
    repeats: speeds.length,
  };
  return count ? { ...speed, joulesPerToken: joules / (tokens * times * speeds.length) } : speed;
}

/** Seconds that a first run of little work may take while caches warm and the engine compiles. */
const warmUpSeconds = 0.05;

// How often to run so that it lasts `wanted` seconds: after a run that warms caches and lets the engine compile, doubles
// until a tenth of that is seen, then scales. A first run that is long enough needs no second.
async function calibrate(seconds: (times: number) => Promise<number>, wanted: number): Promise<number> {
  if ((await seconds(1)) >= Math.max(wanted, warmUpSeconds)) return 1;
  for (let times = 1; ; times *= 2) {
    const taken = await seconds(times);
    if (taken * 10 >= wanted || times >= 1 << 20) return Math.max(1, Math.ceil((times * wanted) / taken));
  }
}

/** Middle of ascending numbers; of two middle ones, their mean. */
function median(ascending: readonly number[]): number {
  const half = (ascending.length - 1) / 2;
  return (ascending[Math.floor(half)]! + ascending[Math.ceil(half)]!) / 2;
}

/** Tokens to time with: different ones, the same each time. */
export function someTokens({ spec }: Pick<TimedDecoder, "spec">, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => (i * 7919) % spec.vocabulary);
}

export { calibrate };
