// An Android phone's battery, read from outside over a shell (adb): what the battery manager tells, and the current from the
// kernel where the shell may read it. Apps on the phone itself may not.
import { HandheldError } from "../../errors.ts";
import { gaugeSeconds } from "./battery.ts";
import { integratePower } from "./integrate.ts";
import type { EnergyMeter } from "./meter.ts";

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

/** A meter of a phone's battery over a shell. Read it about every second. */
export function createAndroidMeter(shell: AndroidShell): EnergyMeter {
  const watts = async () => {
    const battery = await readAndroidBattery(shell);
    if (battery.watts !== null) return battery.watts;
    throw new HandheldError("io", `no energy of the phone any more: ${battery.problem}`);
  };
  return { source: "Android battery", shortestSeconds: gaugeSeconds, read: integratePower(watts) };
}
