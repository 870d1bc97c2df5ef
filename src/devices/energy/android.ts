// An Android phone's battery, read from outside over a shell (adb): what the battery manager tells, and the current from the
// kernel where the shell may read it. Apps on the phone itself may not.
import { HandheldError } from "../../errors.ts";
import { gaugeSeconds } from "./battery.ts";
import { integratePower } from "./integrate.ts";
import type { EnergyMeter, FoundMeter } from "./meter.ts";

/** What the phone tells about its battery. */
export interface AndroidBattery {
  /** Power out of the battery; null where it is being charged or the current is not told. */
  watts: number | null;
  celsius: number | null;
  /** Why there is no power, in words; empty where there is. */
  problem: string;
}

/** A shell on the phone: runs a command and gives what it prints. */
export type AndroidShell = (command: string) => Promise<string>;

const file = "/sys/class/power_supply/battery/current_now";
// `cmd battery get current_now` is there from Android 15 on; both are silent where they do not work.
const command = `dumpsys battery; echo "kernel: $(cat ${file} 2>/dev/null || cmd battery get current_now 2>/dev/null)"`;

/** Asks the phone. */
export async function readAndroidBattery(shell: AndroidShell): Promise<AndroidBattery> {
  return parseAndroidBattery(await shell(command));
}

/**
 * Reads the output of `dumpsys battery`, with a line `kernel: <current>` behind it. Phones tell the current in µA, some in mA,
 * out of the battery with either sign: no phone that computes takes less than 20 mA, none more than 20 A.
 */
export function parseAndroidBattery(output: string): AndroidBattery {
  const field = (name: string) => {
    const text = new RegExp(`^\\s*${name}:\\s*(-?\\d+)\\s*$`, "im").exec(output)?.[1];
    return text === undefined ? null : Number(text);
  };
  const [status, millivolts, tenths] = [field("status"), field("voltage"), field("temperature")];
  const current = field("kernel") ?? field("current now");
  const celsius = tenths === null ? null : tenths / 10;
  const without = (problem: string) => ({ watts: null, celsius, problem });
  if (status === null || millivolts === null) return without("its battery manager does not answer");
  // 3: discharging. Otherwise the current is what the charger gives less what the phone takes.
  if (status !== 3) return without("it is being charged; connect adb by Wi-Fi and pull the cable");
  if (current === null || current === 0) return without("it does not tell the current of its battery");
  const amperes = Math.abs(current) / (Math.abs(current) < 20_000 ? 1e3 : 1e6);
  return { watts: (amperes * millivolts) / 1e3, celsius, problem: "" };
}

/** An {@link AndroidMeter}, or why there is none. */
export interface FoundAndroidMeter extends FoundMeter {
  meter: AndroidMeter | null;
}

/** Options of {@link createAndroidMeter}. */
export interface AndroidMeterOptions {
  /** Seconds between two questions to the phone. Default 1. */
  everySeconds?: number | undefined;
  /** Seconds of the shortest stretch that is counted. Default 10: gauges average over a few. */
  shortestSeconds?: number | undefined;
}

/** Opens the meter of a phone; see {@link createAndroidMeter}. */
export async function openAndroidMeter(shell: AndroidShell, options?: AndroidMeterOptions): Promise<FoundAndroidMeter> {
  try {
    const note = "joules of the whole phone, its screen included, by the battery's gauge";
    return { meter: await createAndroidMeter(shell, options), note };
  } catch (error) {
    return { meter: null, note: (error as Error).message };
  }
}

/** A phone's battery, watched from outside. */
export interface AndroidMeter extends EnergyMeter {
  /** Degrees of the battery when it was last asked; null where it does not tell. */
  readonly celsius: number | null;
  /** Ends the watching. */
  close(): Promise<void>;
}

/**
 * Watches a phone's battery over a shell, asking every `everySeconds` by itself: whoever computes on the phone does not know of
 * it. Its joules throw HandheldError `io` from when the phone is charged or does not answer.
 */
export async function createAndroidMeter(
  shell: AndroidShell,
  { everySeconds = 1, shortestSeconds = gaugeSeconds }: AndroidMeterOptions = {},
): Promise<AndroidMeter> {
  let celsius: number | null = null;
  let joules = 0;
  let failure: Error | null = null;
  let closed = false;
  let wake = () => {};
  const watts = async () => {
    const battery = await readAndroidBattery(shell);
    celsius = battery.celsius;
    if (battery.watts !== null) return battery.watts;
    throw new HandheldError("io", `the phone tells no energy: ${battery.problem}`);
  };
  const sum = await integratePower(watts);
  // One after the other: the sum's samples must not overtake each other.
  let last = Promise.resolve();
  const sample = () => {
    last = last.then(async () => {
      try {
        joules = await sum();
      } catch (error) {
        failure ??= error as Error;
      }
    });
    return last;
  };
  const watching = (async () => {
    while (!closed && failure === null) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everySeconds * 1000).unref();
      });
      if (!closed) await sample();
    }
  })();
  const now = async () => {
    await sample();
    if (failure !== null) throw failure;
    return joules;
  };
  return {
    source: "Android battery",
    shortestSeconds,
    get celsius() {
      return celsius;
    },
    async start() {
      const before = await now();
      return async () => (await now()) - before;
    },
    async close() {
      closed = true;
      wake();
      await watching;
    },
  };
}
