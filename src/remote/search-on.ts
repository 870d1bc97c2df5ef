// What a search needs of a device, with the signatures of the same on this machine: calibration and verification.
import type { CalibrationOptions } from "../search/latency/calibrate.ts";
import type { LatencyProfile } from "../search/latency/latency-profile.ts";
import type { VerifiedCandidate, VerifyOptions } from "../search/latency/verify.ts";
import type { TimedTurn } from "../search/latency/whole-model.ts";
import type { Spec } from "../spec/spec.ts";
import type { Device, JobEvent } from "./device.ts";
import { DeviceError } from "./errors.ts";

/** Options of {@link calibrateOn}. */
export interface CalibrateOnOptions
  extends Pick<CalibrationOptions, "seconds" | "acceptUnsteady" | "signal" | "onProgress"> {
  threads?: number | undefined;
  /** Also measure what the device draws, where it counts that. Default false. */
  power?: boolean | undefined;
  /** Also hears notes and restarts. */
  onEvent?: ((event: JobEvent) => void) | undefined;
}

/**
 * Calibrates a device, as calibrateDevice does this machine.
 *
 * @throws HandheldError `unsteady`, `aborted`, `out-of-memory`; DeviceError
 */
export async function calibrateOn(device: Device, options: CalibrateOnOptions = {}): Promise<LatencyProfile> {
  const { seconds, acceptUnsteady, threads, power, signal, onProgress, onEvent } = options;
  const hear = (event: JobEvent) => {
    onEvent?.(event);
    if (event.type !== "progress" || event.total === null) return;
    onProgress?.(event.done / event.total, event.note === "models" ? "models" : "operations");
  };
  const params = { seconds, acceptUnsteady, threads, power };
  const { profile } = await device.run("calibrate", params, { signal, onEvent: hear });
  return profile;
}

/** Options of {@link verifyOn}. */
export interface VerifyOnOptions extends Omit<VerifyOptions, "now" | "earlier"> {
  threads?: number | undefined;
  onEvent?: ((event: JobEvent) => void) | undefined;
}

/**
 * Measures candidates on a device, as verifyCandidates does here; predictions are added here.
 *
 * @throws HandheldError `out-of-memory`, `aborted`; ContextOverflowError's code; DeviceError
 */
export async function verifyOn(
  device: Device,
  specs: readonly Spec[],
  options: VerifyOnOptions,
): Promise<VerifiedCandidate[]> {
  const { prompt, context, rounds, spreadAtMost, predictor, threads, signal, onTurn, onProgress, onEvent } = options;
  const hear = (event: JobEvent) => {
    onEvent?.(event);
    if (event.type === "part") onTurn?.(event.value as TimedTurn); // the channel checked it
    if (event.type === "progress" && event.total !== null) onProgress?.(event.done, event.total);
  };
  const params = { specs: [...specs], prompt, context, rounds, spreadAtMost, threads };
  const { rows } = await device.run("verify", params, { signal, onEvent: hear });
  if (rows.length !== specs.length) {
    const counts = `${rows.length} results for ${specs.length} candidates`;
    throw new DeviceError("invalid-reply", device.name, counts);
  }
  return specs.map((spec, i) => {
    const predicted = predictor?.speed(spec, { prompt, context });
    const { prefill, decode } = rows[i]!;
    return {
      spec,
      prefill: { ...prefill, predicted: predicted?.prefillTokensPerSecond ?? null },
      decode: { ...decode, predicted: predicted?.decodeTokensPerSecond ?? null },
    };
  });
}
