// Holds the times of operations against whole models: the factors of their parts, and how many bytes a cache really keeps
// for weights when activations, keys and values pass through it as well. Pure arithmetic on what was measured.
import { median } from "../statistics.ts";
import type { CheckModel } from "./check-models.ts";
import { type FactorFit, fitFactors, holds, type Observation } from "./factors.ts";
import type { Check, LatencyProfile, Phase } from "./latency-profile.ts";
import { DeviceTimes, type RawTimes } from "./times.ts";
import type { TurnSpeeds } from "./whole-model.ts";

type Speeds = Pick<TurnSpeeds, Phase>;

/** What whole models say. */
export type Held = Pick<LatencyProfile, "residency" | "factors" | "deviation"> & { checks: Check[] };

// Bytes until weights are streamed, as shares of what walking through weights alone found.
const shares = [1, 0.9, 1.1, 0.8, 1.2, 0.7, 1.35, 0.6, 1.5, 0.5];
/** Another share than 1 must make decoding's deviation smaller by this share for each doubling or halving. */
const worth = 0.2;

/** Fits to models whose speeds were measured. */
export function holdAgainstModels(raw: RawTimes, models: readonly CheckModel[], speeds: readonly Speeds[]): Held {
  const candidates = shares.map((share) => {
    const residency = raw.residency.map((curve) => ({ ...curve, bytes: curve.bytes.map((size) => size * share) }));
    const times = new DeviceTimes({ ...raw, residency });
    const decode = fitPhase(times, models, speeds, "decode");
    const loss = decode.deviation * (1 + worth * Math.abs(Math.log2(share)));
    return { residency, times, decode, loss };
  });
  const { residency, times, decode } = candidates.reduce((best, one) => (one.loss < best.loss ? one : best));
  const prefill = fitPhase(times, models, speeds, "prefill");
  return {
    residency,
    factors: { prefill: prefill.factors, decode: decode.factors },
    deviation: { prefill: prefill.deviation, decode: decode.deviation },
    checks: [...checksOf(prefill, models, speeds, "prefill"), ...checksOf(decode, models, speeds, "decode")],
  };
}

function fitPhase(
  times: DeviceTimes,
  models: readonly CheckModel[],
  speeds: readonly Speeds[],
  phase: Phase,
): FactorFit {
  const observations = models.map((model, i): Observation => {
    const [tokens, position] = phase === "prefill" ? [model.prompt, 0] : [1, model.context];
    return { times: { ...times.pass(model.spec, tokens, position) }, measured: measuredOf(model, speeds[i]!, phase) };
  });
  return fitFactors(observations, holds[phase]);
}

function checksOf(fit: FactorFit, models: readonly CheckModel[], speeds: readonly Speeds[], phase: Phase): Check[] {
  return models.map((model, i) => ({
    model: model.name,
    phase,
    measuredMs: measuredOf(model, speeds[i]!, phase) / 1000,
    predictedMs: fit.predicted[i]! / 1000,
  }));
}

/** Microseconds of the prompt, or of a token. */
function measuredOf({ prompt }: CheckModel, speeds: Speeds, phase: Phase): number {
  return (1e6 * (phase === "prefill" ? prompt : 1)) / median(speeds[phase]);
}
