// Linux powercap: counters in processors of Intel and AMD (RAPL), which advance about every millisecond. A zone of
// /sys/class/powercap is a processor ("package-0") or a part of one. https://docs.kernel.org/power/powercap/powercap.html
import { HandheldError } from "../../errors.ts";
import type { FoundMeter } from "./meter.ts";
import { listFolder, readNumber, readValue } from "./sysfs.ts";

// Zones as they are named; intel-rapl-mmio counts the same once more.
const zonePattern = /^intel-rapl:\d+(:\d+)?$/;
// Memory is not in a package's count; cores are. The whole platform ("psys") is not counted right by every machine.
const domainPattern = /^(package|dram)/;

/** Opens the counters of all processors and their memory. A count works as long as it is read once in their range, some minutes. */
export async function openPowercap(root: string): Promise<FoundMeter> {
  const folder = `${root}/class/powercap`;
  const counters: Counter[] = [];
  const domains: string[] = [];
  for (const zone of (await listFolder(folder)).filter((name) => zonePattern.test(name))) {
    const domain = await readValue(`${folder}/${zone}/name`);
    if (domain === null || !domainPattern.test(domain)) continue;
    const path = `${folder}/${zone}/energy_uj`;
    if ((await readNumber(path)) === null) {
      return { meter: null, note: `${path} cannot be read (only root may, unless chmod a+r allows it)` };
    }
    counters.push({ path, range: (await readNumber(`${folder}/${zone}/max_energy_range_uj`)) ?? 2 ** 32 });
    domains.push(domain);
  }
  if (domains.length === 0) return { meter: null, note: "the processor shows no counter of energy (Linux powercap)" };
  return {
    meter: {
      source: `Linux powercap (${domains.join(", ")})`,
      shortestSeconds: 0.5,
      async start() {
        const counts = await Promise.all(counters.map(startCount));
        return async () => (await Promise.all(counts.map((count) => count()))).reduce((a, b) => a + b) / 1e6;
      },
    },
    note: "joules of the whole processor, whatever runs on it and what it takes when idle",
  };
}

interface Counter {
  path: string;
  /** Microjoules behind which it begins again at 0. */
  range: number;
}

/** Microjoules since now. */
async function startCount({ path, range }: Counter): Promise<() => Promise<number>> {
  const now = async () => {
    const value = await readNumber(path);
    if (value === null) throw new HandheldError("io", `cannot read ${path} any more; is its device still there?`);
    return value;
  };
  let last = await now();
  let total = 0;
  return async () => {
    const value = await now();
    total += value >= last ? value - last : value + range - last;
    last = value;
    return total;
  };
}
