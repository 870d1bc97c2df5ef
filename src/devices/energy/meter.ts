// The platform's own count of energy: what there is here, or why there is nothing. Each kind of counter is a file beside this
// one. Browsers may import it: files are opened when a function runs.
import { openBattery } from "./battery.ts";
import { openPowercap } from "./powercap.ts";

/** Counts energy: of the whole machine or of its processor, idle share included. */
export interface EnergyMeter {
  /** What is counted: "Linux powercap (package-0, dram)". */
  readonly source: string;
  /** Seconds of the shortest stretch whose joules mean something. */
  readonly shortestSeconds: number;
  /**
   * Begins to count; what it gives tells the joules since, as often as it is asked. Ask every second or so: some know power only
   * at moments. Both throw HandheldError `io` where the counter is gone.
   */
  start(): Promise<() => Promise<number>>;
}

/** A meter, or why there is none, in words. */
export interface FoundMeter {
  meter: EnergyMeter | null;
  note: string;
}

/** Options of {@link openEnergyMeter}. */
export interface EnergyMeterOptions {
  /** Where Linux shows its devices as files. Default `/sys`. */
  root?: string | undefined;
}

/**
 * Opens what counts energy on this machine: the processor's counters (Linux powercap, known as RAPL), else the battery that it
 * runs from. On a phone behind adb, the meter is the host's: {@link createAndroidMeter}.
 *
 * @example
 * ```ts
 * const { meter, note } = await openEnergyMeter();
 * if (meter === null) console.log(note);
 * else {
 *   const joules = await meter.start();
 *   await work();
 *   console.log(`${await joules()} J by ${meter.source}`);
 * }
 * ```
 */
export async function openEnergyMeter({ root = "/sys" }: EnergyMeterOptions = {}): Promise<FoundMeter> {
  const { platform } = (globalThis as { process?: { platform?: string } }).process ?? {};
  if (platform === undefined) return { meter: null, note: "browsers do not tell what energy is used" };
  if (platform !== "linux" && platform !== "android") {
    return { meter: null, note: `no counter of energy is known on ${platform}` };
  }
  const processor = await openPowercap(root);
  if (processor.meter !== null) return processor;
  const battery = await openBattery(root);
  if (battery.meter !== null) return battery;
  if (platform === "android")
    return { meter: null, note: "Android shows its energy to no app; over adb it can be read" };
  return { meter: null, note: `${processor.note}; ${battery.note}` };
}
