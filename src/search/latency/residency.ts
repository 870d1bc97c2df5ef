// Where weights come from: a cache, memory, or partly one and partly the other, by how many bytes are used until they are
// used again. Measured with one matrix shape that walks through ever more memory.
import type { LatencyProfile } from "./latency-profile.ts";
import type { Stage } from "./stage.ts";
import { matmul, type Trial } from "./trials.ts";

/** What is measured: one product over windows of ascending bytes. */
export interface ResidencyTrials {
  bytes: number[];
  trials: Trial[];
}

const megabyte = 2 ** 20;
// Close together where last-level caches end: there a few megabytes decide whether a small model fits.
const megabytes = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 192];
const windows = megabytes.map((size) => size * megabyte);
// 144 KiB: small beside every window, large beside the cost of beginning.
const shape = [1, 512, 512];

export function createResidencyTrials(stage: Stage): ResidencyTrials {
  const bytes = [...windows.filter((window) => window < stage.weightBytes), stage.weightBytes];
  const serial = false;
  return { bytes, trials: bytes.map((window) => matmul(stage, shape, window, serial)!) };
}

/** The share of the way from cached to streamed, by bytes. Where memory is no slower than a cache, all is streamed. */
export function residencyOf(
  { bytes, trials }: ResidencyTrials,
  times: ReadonlyMap<Trial, number>,
): LatencyProfile["residency"] {
  const measured = trials.map((trial) => times.get(trial)!);
  const [cached, streamed] = [measured[0]!, measured.at(-1)!];
  if (streamed <= cached * 1.02) return { bytes, share: bytes.map(() => 1) };
  const share = measured.map((time) => Math.min(1, Math.max(0, (time - cached) / (streamed - cached))));
  return { bytes, share };
}
