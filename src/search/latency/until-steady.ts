// Calibrates again where the machine did not stay the same: what disturbed it may be over by then.
import { HandheldError } from "../../errors.ts";
import { rest } from "./rest.ts";

/** How {@link untilSteady} tries. */
export interface UntilSteadyOptions {
  /** Calibrations in all. Default 3. */
  attempts?: number | undefined;
  /** Seconds before the second one, for the machine to settle or to cool; twice as long before the third. Default 5. */
  pauseSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Hears why the last one was refused, and which is next, from 2. */
  onRetry?: ((reason: string, next: number, attempts: number) => void) | undefined;
}

/**
 * Runs a calibration until it is steady. No unsteady result is taken: the last refusal is thrown.
 *
 * @throws HandheldError `unsteady` when all attempts were, `aborted`, and whatever else `calibrate` throws, at once
 * @example
 * ```ts
 * const profile = await untilSteady(() => calibrateDevice(backend), { onRetry: (reason) => console.warn(reason) });
 * ```
 */
export async function untilSteady<T>(calibrate: () => Promise<T>, options: UntilSteadyOptions = {}): Promise<T> {
  const { attempts = 3, pauseSeconds = 5, signal, onRetry } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await calibrate();
    } catch (error) {
      const again = error instanceof HandheldError && error.code === "unsteady" && attempt < attempts;
      if (!again) throw error;
      onRetry?.(error.message, attempt + 1, attempts);
      await rest(1000 * pauseSeconds * 2 ** (attempt - 1), signal, "stopped before calibrating again");
    }
  }
}
