// What a candidate costs on a device. The implementation here times a decoder with random weights; a latency model has
// the same type.
import { modelBytes } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { type TimedDecoder, type TimingOptions, timeDecode, timePrefill } from "./timing.ts";

/** What is known of a candidate's cost. */
export interface Measurement {
  /** Decoding speed at the middle of a typical answer. */
  decodeTokensPerSecond: number;
  /** Prefill speed of a typical prompt. */
  prefillTokensPerSecond: number;
  /** (Fastest − slowest) ÷ median of the repeats, the larger one of decode and prefill; 0 where it was computed. */
  spread: number;
  /** Bytes of the int4 weights. */
  sizeBytes: number;
  /** Whether it was timed on this device or computed by a model of one. */
  source: "timed" | "modelled";
}

/** Finds out what a spec costs. Replaceable: time it, or compute it. */
export type Measure = (spec: Spec, signal?: AbortSignal) => Promise<Measurement>;

/** Lengths of a typical request, in tokens. */
export interface Workload {
  promptTokens: number;
  answerTokens: number;
}

/** Options of {@link createTimedMeasure}. */
export interface TimedMeasureOptions extends TimingOptions {
  workload: Workload;
  /** Makes a decoder with random weights: `async (spec) => Decoder.random(backend, spec, 1)`. */
  createDecoder(spec: Spec): Promise<TimedDecoder & { close(): void }>;
}

/**
 * A measure that runs the real kernels on random weights: prefill of a typical prompt, then decoding in the middle of
 * the answer. About a second per spec with the default options.
 *
 * @example
 * ```ts
 * const measure = createTimedMeasure({
 *   workload: { promptTokens: 40, answerTokens: 24 },
 *   createDecoder: async (spec) => Decoder.random(backend, spec, 1),
 * });
 * ```
 */
export function createTimedMeasure(options: TimedMeasureOptions): Measure {
  const { workload, createDecoder } = options;
  return async (spec, signal) => {
    const decoder = await createDecoder(spec);
    const timing: TimingOptions = { ...options, ...(signal && { signal }) };
    try {
      const prompt = Math.min(workload.promptTokens, spec.context);
      const middle = workload.promptTokens + Math.floor(workload.answerTokens / 2);
      const prefill = await timePrefill(decoder, Math.max(1, prompt), timing);
      const decode = await timeDecode(decoder, Math.max(0, Math.min(middle, spec.context - 1)), timing);
      return {
        decodeTokensPerSecond: decode.tokensPerSecond,
        prefillTokensPerSecond: prefill.tokensPerSecond,
        spread: Math.max(decode.spread, prefill.spread),
        sizeBytes: modelBytes(spec, "int4"),
        source: "timed",
      };
    } finally {
      decoder.close();
    }
  };
}

/** Seconds from a request to the end of its answer. */
export function requestSeconds(measured: Measurement, { promptTokens, answerTokens }: Workload): number {
  return promptTokens / measured.prefillTokensPerSecond + answerTokens / measured.decodeTokensPerSecond;
}
