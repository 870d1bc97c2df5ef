// What a device draws while it computes, by its own counter of energy: joules of a token are its watts times its predicted time.
import { type EnergyMeter, openEnergyMeter } from "../../devices/energy/meter.ts";
import { HandheldError } from "../../errors.ts";
import type { Backend } from "../../kernels/backend.ts";
import { Decoder } from "../../model/decoder.ts";
import { createSpec } from "../../spec/spec.ts";
import { nextTurn } from "../../turn.ts";
import { mostDecoded, someTokens } from "../timing.ts";
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
const promptTokens = 128;
// A meter that sums power up wants to be read about so often.
const readMs = 1000;

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
  const session = decoder.createSession({ capacity: promptTokens + mostDecoded });
  const prompt = someTokens(decoder, promptTokens);
  const readPrompt = () => {
    session.truncate(0);
    session.append(prompt);
  };
  let decoded = 0;
  const decode = () => {
    if (decoded++ % mostDecoded === 0) session.truncate(promptTokens);
    session.append([decoded % spec.vocabulary]);
  };
  try {
    const idle = await wattsOf(meter, () => new Promise((resolve) => setTimeout(resolve, 20)), options);
    const prefill = await wattsOf(meter, readPrompt, options);
    return checked({ idle, prefill, decode: await wattsOf(meter, decode, options) }, meter.source);
  } catch (error) {
    if (!(error instanceof HandheldError) || error.code !== "io") throw error;
    return { watts: null, note: error.message };
  } finally {
    session.close();
    decoder.close();
  }
}

/** Joules ÷ seconds of doing something again and again. */
async function wattsOf(
  meter: EnergyMeter,
  step: () => void | Promise<void>,
  { seconds = 2, signal }: PowerOptions,
): Promise<number> {
  await step(); // code is compiled and memory touched before it counts
  const before = await meter.read();
  const started = performance.now();
  const until = started + 1000 * Math.max(seconds, meter.shortestSeconds);
  for (let read = started; performance.now() < until; ) {
    await step();
    await nextTurn();
    if (signal?.aborted) throw new HandheldError("aborted", "stopped while measuring power");
    if (performance.now() < read + readMs) continue;
    read = performance.now();
    await meter.read();
  }
  return ((await meter.read()) - before) / ((performance.now() - started) / 1000);
}

// A counter that stands still counts nothing, whatever it is called.
function checked(watts: NonNullable<DevicePower["watts"]>, source: string): DevicePower {
  if (watts.prefill > 0 && watts.decode > 0) return { watts, note: source };
  return { watts: null, note: `${source} stood still while the device computed` };
}
