// How hot the machine is, as Linux tells in /sys/class/thermal.
import { listFolder, readNumber } from "./energy/sysfs.ts";

/** Degrees Celsius of the hottest sensor; null where none can be read, as in browsers and in most apps on Android. */
export async function hottestCelsius(root = "/sys"): Promise<number | null> {
  if ((globalThis as { process?: { platform?: string } }).process?.platform === undefined) return null;
  const folder = `${root}/class/thermal`;
  let hottest: number | null = null;
  for (const zone of await listFolder(folder)) {
    if (!/^thermal_zone\d+$/.test(zone)) continue;
    const celsius = ((await readNumber(`${folder}/${zone}/temp`)) ?? Number.NaN) / 1000;
    // Sensors that are off tell 0 or less, or what nothing survives.
    if (celsius > 0 && celsius < 150) hottest = Math.max(hottest ?? 0, celsius);
  }
  return hottest;
}
