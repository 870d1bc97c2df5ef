// Predicts how fast any architecture runs on a calibrated device, and the memory it takes, from its spec alone.
import { activationBytes, kvBytes, sampleBytes } from "../../kernels/wasm/layout.ts";
import { memoryNeed } from "../../model/preflight.ts";
import type { Spec } from "../../spec/spec.ts";
import type { LatencyProfile, Phase } from "./latency-profile.ts";
import { DeviceTimes } from "./times.ts";

/** A number with the interval that holds it nineteen times in twenty, as far as the calibration's own checks tell. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** What a speed is asked for. */
export interface SpeedRequest {
  /** Tokens of a prompt that goes into an empty cache. */
  prompt: number;
  /** Tokens in the cache before the decoded one. */
  context: number;
}

/** Predicted speeds of one architecture. */
export interface PredictedSpeed {
  prefillTokensPerSecond: Estimate;
  decodeTokensPerSecond: Estimate;
  /** Milliseconds from a prompt to the first token of the answer: prefill and the choice of a token. */
  ttftMs: Estimate;
}

/** Predicts one device. */
export interface Predictor {
  readonly profile: LatencyProfile;
  speed(spec: Spec, request: SpeedRequest): PredictedSpeed;
  /** Bytes of int4 weights, buffers, and the int8 cache of a session of `tokens` (default: the context). */
  memoryBytes(spec: Spec, tokens?: number): number;
}

// Of a normal distribution, 95 % lie within so many standard deviations.
const deviations = 1.96;
/** No interval is narrower than this share to each side: what two quiet measurements of one model differ by. */
const leastHalfWidth = 0.02;

/**
 * Makes a predictor of a profile. Asking it takes some microseconds.
 *
 * @example
 * ```ts
 * const predictor = createPredictor(await readLatencyProfile("laptop.json"));
 * predictor.speed(preset("PhoneLM-0.5B"), { prompt: 64, context: 64 }).decodeTokensPerSecond; // { value: 101.3, low: … }
 * ```
 */
export function createPredictor(profile: LatencyProfile): Predictor {
  const times = new DeviceTimes(profile);
  const { simd } = profile.engine;
  const sizes = { activationBytes: (N: number, K: number) => activationBytes(N, K, simd), kvBytes, sampleBytes };
  const halfWidth = (phase: Phase) => Math.max(leastHalfWidth, deviations * profile.deviation[phase]);
  const [prefillWidth, decodeWidth] = [halfWidth("prefill"), halfWidth("decode")];
  const { prefill, decode } = profile.factors;
  return {
    profile,
    speed(spec, { prompt, context }) {
      const prefillMs = times.passMicroseconds(spec, prompt, 0, prefill) / 1000;
      const decodeMs = times.passMicroseconds(spec, 1, context, decode) / 1000;
      const choiceMs = times.choiceMicroseconds(spec) / 1000;
      return {
        prefillTokensPerSecond: estimate((1000 * prompt) / prefillMs, prefillWidth),
        decodeTokensPerSecond: estimate(1000 / decodeMs, decodeWidth),
        ttftMs: estimate(prefillMs + choiceMs, prefillWidth),
      };
    },
    memoryBytes: (spec, tokens = spec.context) => memoryNeed(sizes, spec, "int4", tokens).totalBytes,
  };
}

function estimate(value: number, halfWidth: number): Estimate {
  return { value, low: value * Math.exp(-halfWidth), high: value * Math.exp(halfWidth) };
}
