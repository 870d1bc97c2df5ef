// handheld device: measures this machine and prints its profile.
import { type DeviceProfile, probeDevice } from "../../devices/index.ts";
import { formatBytes, formatRate } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { formatTable } from "../table.ts";

export const deviceFrame = defineFrame({
  name: "device",
  summary: "Measure this device: cores, SIMD, memory, int4 speed",
  details:
    "Takes about two seconds. Reading is a sum of squares over f32; decode speed is bound by it. The int4 matrix times\n" +
    "one vector is what decoding does, times 64 vectors what prefill does.",
  arguments: {},
  options: {},
  examples: [
    ["device", "print the profile of this machine"],
    ["device --threads 1 --json > profile.json", "keep the profile of one thread as JSON"],
  ],
});

export const runDevice: Action<typeof deviceFrame> = async ({ threads }, io) => {
  const profile = await probeWithProgress(io, threads);
  io.print(describeDevice(profile));
  io.result(profile);
};

/** Measures the device while a progress line runs. */
export async function probeWithProgress(io: CommandIo, threads?: number): Promise<DeviceProfile> {
  const progress = io.progress("Measuring the device");
  const profile = await probeDevice({ threads, signal: io.signal, onProgress: (done) => progress.update(done) });
  progress.finish();
  return profile;
}

/** The profile as text: facts, then speeds by number of threads. */
export function describeDevice(profile: DeviceProfile): string {
  const { cpuModel, cores, platform, arch, memoryBytes, runtime, simd, threads, workingSetBytes } = profile;
  const memory = memoryBytes === null ? "unknown" : formatBytes(memoryBytes);
  const facts = [
    ["processor", `${cpuModel ?? "unknown"} (${platform}/${arch}), ${cores} ${cores === 1 ? "core" : "cores"}`],
    ["memory", memory],
    ["engine", `${runtime.name} ${runtime.version}`],
    ["SIMD", simd === "none" ? "none (plain TypeScript kernels)" : simd],
    ["threads", `${threads} usable${threads === 1 && cores > 1 ? " (no shared memory here)" : ""}`],
  ];
  const columns = ["threads", "read GB/s", "int4 × vector GB/s", "GMAC/s", "int4 × 64 vectors GMAC/s"];
  const rows = profile.speeds.map((speed) => [
    String(speed.threads),
    ...[speed.readGBps, speed.matvecGBps, speed.matvecGmacps, speed.matmulGmacps].map(formatRate),
  ]);
  return [
    ...facts.map(([name, value]) => `  ${name!.padEnd(10)} ${value}`),
    "",
    formatTable(
      columns.map((title) => ({ title, numeric: true })),
      rows,
    ),
    "",
    `  (fastest pass of each; ${formatBytes(workingSetBytes)} read per pass; measured ${profile.date})`,
  ].join("\n");
}
