// Times whole requests: a prompt into an empty cache, the first token, and an answer. Speeds of a search, without the choice
// of tokens, are in src/search/timing.ts.
import { HandheldError } from "../errors.ts";
import type { Decoder } from "../model/decoder.ts";
import { median } from "../search/statistics.ts";
import { calibrate, someTokens } from "../search/timing.ts";
import type { CostPoint } from "./result.ts";

/** What is asked for, and how often. */
export interface RequestOptions {
  /** Tokens of the prompt. */
  prompt: number;
  /** Decoded tokens behind it. */
  output: number;
  /** Repeats of which the median counts. Default 5. */
  repeats?: number | undefined;
  /** Seconds that a repeat lasts at least: so many requests are one. Default 0.1. */
  repeatSeconds?: number | undefined;
  /** Seconds after which no further repeat begins. Default 10. */
  budgetSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What timing gives of a {@link CostPoint}. */
export type RequestTimes = Pick<
  CostPoint,
  "firstTokenMs" | "prefillTokensPerSecond" | "decodeTokensPerSecond" | "memoryBytes"
>;

/** Milliseconds of one request. */
interface Phases {
  prefillMs: number;
  firstTokenMs: number;
  decodeMs: number;
}

/**
 * Times requests. The decoder should have run before: a request that lasts long enough counts, be it the first.
 *
 * @throws ContextOverflowError when prompt and output do not fit; HandheldError `out-of-memory`, `aborted`
 */
export async function timeRequests(decoder: Decoder, options: RequestOptions): Promise<RequestTimes> {
  const { prompt, output, repeats = 5, repeatSeconds = 0.1, budgetSeconds = 10, signal } = options;
  const end = performance.now() + budgetSeconds * 1000;
  const session = decoder.createSession({ capacity: prompt + output });
  const sampler = decoder.createSampler();
  const tokens = someTokens(decoder, prompt);
  const repeat = async (times: number) => {
    await new Promise((resolve) => setTimeout(resolve)); // lets Ctrl-C, and a page's drawing, in
    if (signal?.aborted) throw new HandheldError("aborted", "stopped while measuring");
    const sum = { prefillMs: 0, firstTokenMs: 0, decodeMs: 0 };
    for (let i = 0; i < times; i++) {
      session.truncate(0);
      const began = performance.now();
      session.append(tokens);
      const prefilled = performance.now();
      let token = session.sample(sampler);
      const first = performance.now();
      for (let step = 0; step < output; step++) {
        session.append([token]);
        token = session.sample(sampler);
      }
      sum.prefillMs += prefilled - began;
      sum.firstTokenMs += first - began;
      sum.decodeMs += performance.now() - first;
    }
    return sum;
  };
  try {
    let last: Phases | undefined;
    const times = await calibrate(async (count) => {
      last = await repeat(count);
      return (last.firstTokenMs + last.decodeMs) / 1000;
    }, repeatSeconds);
    const found: Phases[] = times === 1 ? [last!] : [];
    while (found.length === 0 || (found.length < repeats && performance.now() < end)) found.push(await repeat(times));
    const over = (value: (phases: Phases) => number) => repeated(found.map(value));
    return {
      firstTokenMs: over((phases) => phases.firstTokenMs / times),
      prefillTokensPerSecond: over((phases) => (1000 * prompt * times) / Math.max(1e-6, phases.prefillMs)),
      decodeTokensPerSecond: over((phases) => (1000 * output * times) / Math.max(1e-6, phases.decodeMs)),
      memoryBytes: decoder.backend.allocatedBytes,
    };
  } finally {
    sampler.close();
    session.close();
  }
}

function repeated(values: readonly number[]): CostPoint["firstTokenMs"] {
  const middle = median(values);
  return { median: middle, spread: (Math.max(...values) - Math.min(...values)) / middle, repeats: values.length };
}
