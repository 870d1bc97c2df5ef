// The battery that a Linux machine runs from: its power now, as the battery's own gauge tells every few seconds, summed over
// time. https://docs.kernel.org/power/power_supply_class.html
import { HandheldError } from "../../errors.ts";
import { integratePower } from "./integrate.ts";
import type { FoundMeter } from "./meter.ts";
import { listFolder, readNumber, readValue } from "./sysfs.ts";

/** Seconds of the shortest stretch that a battery's gauge can tell from another: it averages over a few. */
export const gaugeSeconds = 10;

/** Opens the first battery that is being discharged and tells its power. */
export async function openBattery(root: string): Promise<FoundMeter> {
  const folder = `${root}/class/power_supply`;
  let note = "there is no battery";
  for (const name of await listFolder(folder)) {
    const battery = `${folder}/${name}`;
    if ((await readValue(`${battery}/type`)) !== "Battery") continue;
    const status = await readValue(`${battery}/status`);
    if (status !== "Discharging") {
      note = `the battery ${name} is not what the machine runs from (${status?.toLowerCase() ?? "its status is not told"})`;
    } else if ((await readWatts(battery)) === null) {
      note = `the battery ${name} does not tell its power`;
    } else {
      const watts = async () => {
        const value = await readWatts(battery);
        if (value === null) throw new HandheldError("io", `cannot read the power of ${battery} any more`);
        return value;
      };
      return {
        meter: {
          source: `Linux battery (${name})`,
          shortestSeconds: gaugeSeconds,
          start: () => integratePower(watts),
        },
        note: "joules of the whole machine, screen and idle parts included, by the battery's gauge",
      };
    }
  }
  return { meter: null, note };
}

// Some batteries tell µW, others µA and µV; a current out of the battery has either sign.
async function readWatts(battery: string): Promise<number | null> {
  const microwatts = await readNumber(`${battery}/power_now`);
  if (microwatts !== null) return Math.abs(microwatts) / 1e6;
  const [current, voltage] = [await readNumber(`${battery}/current_now`), await readNumber(`${battery}/voltage_now`)];
  return current === null || voltage === null ? null : (Math.abs(current) * voltage) / 1e12;
}
