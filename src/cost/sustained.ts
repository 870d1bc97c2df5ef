// Decodes without a pause for minutes, to see whether the device slows down: phones do when they grow hot.
import { hottestCelsius } from "../devices/temperature.ts";
import { HandheldError } from "../errors.ts";
import type { Decoder } from "../model/decoder.ts";
import { median } from "../search/statistics.ts";
import { mostDecoded, someTokens } from "../search/timing.ts";
import type { SustainedRun } from "./result.ts";

/** A stretch of a sustained run. */
export type Stretch = SustainedRun["points"][number];

/** Options of {@link sustain}. */
export interface SustainOptions {
  /** Seconds of the whole run. */
  seconds: number;
  /** Seconds of a stretch. Default: a sixtieth of the run, from 1 to 10. */
  stretchSeconds?: number | undefined;
  /** Tokens in the cache before the first decoded one. Default 64. */
  context?: number | undefined;
  /** Reads the temperature behind each stretch. Default: the machine's hottest sensor. */
  celsius?: (() => Promise<number | null>) | undefined;
  onStretch?: ((stretch: Stretch) => void) | undefined;
  signal?: AbortSignal | undefined;
}

// Milliseconds of decoding between two turns of the event loop, in which Ctrl-C arrives.
const turnMs = 250;

/**
 * Decodes for `seconds`, always from `context` tokens on and at most 64 further.
 *
 * @throws ContextOverflowError, HandheldError `out-of-memory`, `aborted`
 */
export async function sustain(decoder: Decoder, options: SustainOptions): Promise<SustainedRun> {
  const { seconds, celsius = hottestCelsius, onStretch, signal } = options;
  const stretchSeconds = options.stretchSeconds ?? Math.min(10, Math.max(1, seconds / 60));
  const context = Math.min(options.context ?? 64, decoder.spec.context - 1);
  const run = Math.min(mostDecoded, decoder.spec.context - context);
  const session = decoder.createSession({ capacity: context + run });
  const points: Stretch[] = [];
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const turn = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    if (signal?.aborted) throw new HandheldError("aborted", "stopped while measuring");
  };
  try {
    session.append(someTokens(decoder, context));
    while (points.length === 0 || elapsed() < seconds) {
      const end = Math.min(seconds, (points.length + 1) * stretchSeconds);
      let [tokens, busyMs] = [0, 0];
      do {
        const started = performance.now();
        do {
          if (session.length === context + run) session.truncate(context);
          session.append([tokens++ % decoder.spec.vocabulary]);
        } while (performance.now() - started < turnMs && elapsed() < end);
        busyMs += performance.now() - started;
        await turn();
      } while (elapsed() < end);
      const stretch = { at: elapsed(), decodeTokensPerSecond: (1000 * tokens) / busyMs, celsius: await celsius() };
      points.push(stretch);
      onStretch?.(stretch);
    }
  } finally {
    session.close();
  }
  const { weights, backend } = decoder;
  return { weights: weights.format, threads: backend.threads, context, seconds: elapsed(), points, kept: kept(points) };
}

/** Median speed of the last fifth of the stretches ÷ that of the fastest fifth. */
export function kept(points: readonly Stretch[]): number {
  const speeds = points.map(({ decodeTokensPerSecond }) => decodeTokensPerSecond);
  const edges = [0, 1, 2, 3, 4, 5].map((fifth) => Math.floor((fifth * speeds.length) / 5));
  const fifths = edges
    .slice(1)
    .map((end, i) => speeds.slice(edges[i], end))
    .filter((fifth) => fifth.length > 0)
    .map(median);
  return fifths.at(-1)! / Math.max(...fifths);
}
