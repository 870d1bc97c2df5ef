// Energy per token of a decoder, as a search objective and a measurement of cost need it. Speeds without it are in timing.ts.
import type { EnergyMeter } from "../devices/energy/meter.ts";
import { type TimedDecoder, timeDecode, timePrefill } from "./timing.ts";

/** Joules per token, of the whole machine or its processor; see EnergyMeter. */
export interface TokenEnergy {
  prefillJoulesPerToken: number;
  decodeJoulesPerToken: number;
}

/** Options of {@link measureEnergy}. */
export interface EnergyOptions {
  /** Tokens of the prompt. */
  prompt: number;
  /** Tokens in the cache before the first decoded one. Default: the prompt's. */
  context?: number | undefined;
  /** Seconds that each of the two lasts, at least the meter's `shortestSeconds`. Default: those. */
  seconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

// The meter is read that often at least, for those that know power only at moments.
const readings = 10;

/**
 * Measures the energy of prefill and of decoding: each runs for `seconds` about, but three times at least.
 *
 * @throws ContextOverflowError; HandheldError `aborted`, `io` (the counter is gone)
 */
export async function measureEnergy(
  decoder: TimedDecoder,
  meter: EnergyMeter,
  { prompt, context = prompt, seconds = 0, signal }: EnergyOptions,
): Promise<TokenEnergy> {
  const budgetSeconds = Math.max(seconds, meter.shortestSeconds);
  const timing = { repeats: Infinity, repeatSeconds: budgetSeconds / readings, budgetSeconds, signal, meter };
  const prefill = await timePrefill(decoder, prompt, timing);
  const decode = await timeDecode(decoder, context, timing);
  return { prefillJoulesPerToken: prefill.joulesPerToken!, decodeJoulesPerToken: decode.joulesPerToken! };
}
