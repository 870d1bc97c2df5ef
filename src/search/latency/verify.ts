// Verifies predictions: builds candidates with random weights and measures them whole, by turns, while the machine is as it
// was when it was calibrated.
import type { Backend } from "../../kernels/backend.ts";
import { modelBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { median } from "../statistics.ts";
import { AnchorReader, anchorNames } from "./anchor-reader.ts";
import { readingOf } from "./anchors.ts";
import { Guard } from "./guard.ts";
import type { LatencyProfile } from "./latency-profile.ts";
import { pooledDecoder } from "./pooled.ts";
import type { Estimate, Predictor, SpeedRequest } from "./predictor.ts";
import { halfStreamed } from "./residency.ts";
import { rest } from "./rest.ts";
import { Stage } from "./stage.ts";
import { Stopwatch, sliceMs } from "./stopwatch.ts";
import { stageShape } from "./trials.ts";
import { speedsOf, type TimedTurn, timeByTurns } from "./whole-model.ts";

/**
 * How a machine was when it was calibrated: what its anchors read, in microseconds; the bytes that the memory anchor walks
 * through; bytes of weights half of which comes from memory.
 */
export interface AnchorReference {
  times: number[];
  weightBytes: number;
  halfStreamed: number;
}

/** The anchors of a profile; no times where it was made with others, as profiles of earlier versions were. */
export function anchorsOf({ residency, quality: { anchors, weightBytes } }: LatencyProfile): AnchorReference {
  const ours = anchors.length === anchorNames.length && anchors.every(({ name }, i) => name === anchorNames[i]);
  return { times: ours ? readingOf(anchors) : [], weightBytes, halfStreamed: halfStreamed(residency) };
}

/** Options of {@link verifyCandidates}. */
export interface VerifyOptions extends SpeedRequest {
  /** Turns of each candidate. Default 3. */
  rounds?: number | undefined;
  /** What was predicted, beside what is measured. */
  predictor?: Predictor | undefined;
  /** How the machine should be. Default: as when the predictor's profile was made. Without times, any state will do. */
  anchors?: AnchorReference | undefined;
  /** Seconds for waiting until it is, and for measuring again, in all. Default 30. */
  patienceSeconds?: number | undefined;
  /** Turns of these candidates that an interrupted verification took before; they are not taken again. */
  earlier?: readonly TimedTurn[] | undefined;
  /** Hears each turn that is taken, so that it is not lost with the device. */
  onTurn?: ((turn: TimedTurn) => void) | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds of a clock. Default performance.now. */
  now?: (() => number) | undefined;
}

/** One speed of a candidate. */
export interface VerifiedSpeed {
  /** Median of the rounds, as at the pace that the machine had when it was calibrated. */
  tokensPerSecond: number;
  /** Median of the factors by which it was slower than that while this was measured. */
  pace: number;
  /** (Fastest − slowest) ÷ median of the rounds. */
  spread: number;
  rounds: number[];
  predicted: Estimate | null;
}

/** A candidate as measured. */
export interface VerifiedCandidate {
  spec: Spec;
  /** Of the prompt, into an empty cache. */
  prefill: VerifiedSpeed;
  /** Of tokens around the context. */
  decode: VerifiedSpeed;
  /** The machine was never as it was when it was calibrated (busier, throttled, another one): no fair comparison. */
  disturbed: boolean;
}

// Bytes that a matrix may take up to its next place.
const alignment = 576;
/** Activations of the anchors, and the little cache that none of them uses. */
const anchorShape = { rows: 64, width: stageShape.width, cacheBytes: 2 ** 20 };

/**
 * Measures candidates whole, each in its turn over several rounds. One memory for weights serves them all, so that it takes
 * as much as the largest one.
 * @throws HandheldError `out-of-memory`, `aborted`; ContextOverflowError where a request does not fit a candidate
 */
export async function verifyCandidates(
  backend: Backend,
  specs: readonly Spec[],
  options: VerifyOptions,
): Promise<VerifiedCandidate[]> {
  const { prompt, context, predictor, rounds = 3, earlier, now, signal, onTurn, onProgress } = options;
  const anchors = options.anchors ?? (predictor && anchorsOf(predictor.profile));
  const stage = new Stage(backend, {
    ...anchorShape,
    weightBytes: Math.max(poolBytes(specs), anchors?.weightBytes ?? 0),
  });
  try {
    const open = (spec: Spec) => {
      stage.rewind();
      return pooledDecoder(backend, spec, (bytes) => stage.nextWeights(bytes));
    };
    const models = specs.map((spec) => ({ spec, prompt, context }));
    const guard = anchors && anchors.times.length > 0 ? guardOf(stage, anchors, options) : undefined;
    const hear = (done: number, total: number, turn: TimedTurn) => {
      onTurn?.(turn);
      onProgress?.(done, total);
    };
    const timing = {
      rounds,
      repeats: 15,
      repeatSeconds: 0.02,
      budgetSeconds: 0.3,
      guard,
      halfStreamed: anchors?.halfStreamed,
      now,
      signal,
      earlier,
      onTurn: hear,
    };
    return summarizeTurns(specs, await timeByTurns(models, open, timing), options);
  } finally {
    stage.free();
  }
}

/** What turns say of the candidates, those left out that had none: of all turns, or of those until a device was lost. */
export function summarizeTurns(
  specs: readonly Spec[],
  turns: readonly TimedTurn[],
  { prompt, context, predictor }: Pick<VerifyOptions, "prompt" | "context" | "predictor">,
): VerifiedCandidate[] {
  return specs.flatMap((spec, i) => {
    const speeds = speedsOf(turns, i);
    if (speeds === null) return [];
    const { prefill, decode, prefillPace, decodePace, disturbed } = speeds;
    const predicted = predictor?.speed(spec, { prompt, context });
    return {
      spec,
      prefill: verified(prefill, prefillPace, predicted?.prefillTokensPerSecond),
      decode: verified(decode, decodePace, predicted?.decodeTokensPerSecond),
      disturbed,
    };
  });
}

function poolBytes(specs: readonly Spec[]): number {
  const bytes = specs.reduce((most, spec) => Math.max(most, modelBytes(spec, "int4")), 0);
  const matrices = specs.reduce((most, spec) => Math.max(most, 8 * spec.layers + 4), 0);
  return Math.ceil(bytes / alignment) * alignment + matrices * alignment;
}

function guardOf(stage: Stage, { times, weightBytes }: AnchorReference, options: VerifyOptions): Guard {
  const { now = () => performance.now(), patienceSeconds = 30, signal } = options;
  const stopwatch = new Stopwatch(stage, { sliceMs, now });
  const anchors = new AnchorReader(stage, stopwatch, weightBytes);
  return new Guard({
    readAnchors: () => anchors.read(),
    reference: times,
    patienceMs: patienceSeconds * 1000,
    rest: (ms) => rest(ms, signal, "stopped while measuring models"),
  });
}

function verified(rounds: number[], paces: number[], predicted: Estimate | undefined): VerifiedSpeed {
  const tokensPerSecond = median(rounds);
  const spread = (Math.max(...rounds) - Math.min(...rounds)) / tokensPerSecond;
  return { tokensPerSecond, pace: median(paces), spread, rounds, predicted: predicted ?? null };
}
