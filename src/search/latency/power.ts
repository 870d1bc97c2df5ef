// What a device draws while it computes, by its own counter of energy: joules of a token are its watts times its predicted time.
import { type EnergyMeter, openEnergyMeter } from "../../devices/energy/meter.ts";
import { HandheldError } from "../../errors.ts";
import type { Backend } from "../../kernels/backend.ts";
import { Decoder } from "../../model/decoder.ts";
import { createSpec } from "../../spec/spec.ts";
import { type Speed, timeDecode, timePrefill } from "../timing.ts";
import type { DevicePower } from "./latency-profile.ts";

/** Options of {@link measurePower}. */
export interface PowerOptions {
  /** Seconds of each of the three stretches, more where the meter needs more. Default 2. */
  seconds?: number | undefined;
  /** Where Linux shows its devices as files. Default `/sys`. */
  root?: string | undefined;
  signal?: AbortSignal | undefined;
}

// 190 M parameters, 107 MB: decoding streams its weights from memory, as that of the models which a search is about.
const spec = createSpec({ layers: 8, width: 1024, ffnWidth: 4864, heads: 16, vocabulary: 32_000, context: 256 });
const tokens = 128;
// The meter is read that often at least, for those that know power only at moments.
const readings = 10;

/**
 * Measures the power of doing nothing, of prefill and of decoding, with the backend's threads. Takes 6 seconds, 30 on a
 * battery; none where there is no counter, which the result then says.
 *
 * @throws HandheldError `aborted`, `out-of-memory`
 */
export async function measurePower(backend: Backend, options: PowerOptions = {}): Promise<DevicePower> {
  const { meter, note } = await openEnergyMeter({ root: options.root });
  if (meter === null) return { watts: null, note };
  const decoder = Decoder.random(backend, spec);
  const { signal } = options;
  const budgetSeconds = Math.max(options.seconds ?? 2, meter.shortestSeconds);
  const timing = { repeats: Infinity, repeatSeconds: budgetSeconds / readings, budgetSeconds, signal, meter };
  try {
    const idle = await idleWatts(meter, budgetSeconds, signal);
    const prefill = wattsOf(await timePrefill(decoder, tokens, timing));
    return checked({ idle, prefill, decode: wattsOf(await timeDecode(decoder, tokens, timing)) }, meter.source);
  } catch (error) {
    if (!(error instanceof HandheldError) || error.code !== "io") throw error;
    return { watts: null, note: error.message };
  } finally {
    decoder.close();
  }
}

function wattsOf({ tokensPerSecond, joulesPerToken = 0 }: Speed): number {
  return tokensPerSecond * joulesPerToken;
}

async function idleWatts(meter: EnergyMeter, seconds: number, signal: AbortSignal | undefined): Promise<number> {
  const count = await meter.start();
  const started = performance.now();
  let joules = 0;
  for (let reading = 0; reading < readings; reading++) {
    await new Promise((resolve) => setTimeout(resolve, (1000 * seconds) / readings));
    if (signal?.aborted) throw new HandheldError("aborted", "stopped while measuring power");
    joules = await count();
  }
  return joules / ((performance.now() - started) / 1000);
}

// A counter that stands still counts nothing, whatever it is called.
function checked(watts: NonNullable<DevicePower["watts"]>, source: string): DevicePower {
  if (watts.prefill > 0 && watts.decode > 0) return { watts, note: source };
  return { watts: null, note: `${source} stood still while the device computed` };
}
