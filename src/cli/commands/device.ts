// handheld device: measures this machine, or another one, and prints its profile.
import { type DeviceProfile, probeDevice } from "../../devices/index.ts";
import { formatBytes, formatRate } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import { deviceHelp, eachDevice, remoteOptions, runOn } from "../devices.ts";
import type { CommandIo } from "../io.ts";
import { flag, integer, text } from "../options.ts";
import { formatTable } from "../table.ts";

export const deviceFrame = defineFrame({
  name: "device",
  summary: "Measure this device, or another one: cores, SIMD, memory, int4 speed",
  details:
    "Takes about two seconds. Reading is a sum of squares over f32; decode speed is bound by it. The int4 matrix times\n" +
    "one vector is what decoding does, times 64 vectors what prefill does.\n\n" +
    "--on measures another device: a phone opens the page that is served then and measures in its browser; over ssh a job\n" +
    "runner is copied there and runs in its Node; adb does the one or the other.",
  arguments: {},
  options: {
    on: text("--on <device>", `what to measure: ${deviceHelp}`, "local"),
    list: flag("--list", "measure nothing: list the calibrated machines that come with handheld, for search --device"),
    phones: integer("--phones <n>", "with --on phone: how many, one after the other", { min: 1, max: 100 }, 1),
    ...remoteOptions,
  },
  examples: [
    ["device", "print the profile of this machine"],
    ["device --threads 1 --json > profile.json", "keep the profile of one thread as JSON"],
    ["device --on phone --https", "measure a phone on all its cores: open the link, or scan the code"],
    ["device --on ssh:pi@board:22/opt/node/bin/node", "measure a board by its own Node"],
    ["device --on adb", "measure the phone on the cable"],
    ["device --list", "machines that were calibrated before, to search for without having one"],
  ],
});

export const runDevice: Action<typeof deviceFrame> = async ({ on, list, phones, threads, ...remote }, io) => {
  if (list) return listShipped(io);
  if (on === "local") {
    const profile = await probeWithProgress(io, threads);
    io.print(describeDevice(profile));
    return io.result(profile);
  }
  const profiles: DeviceProfile[] = [];
  for await (const device of eachDevice(on, phones, remote, io)) {
    try {
      const { profile } = await runOn(device, "probe", { threads }, io);
      profiles.push(device.notes.length > 0 ? { ...profile, notes: [...device.notes] } : profile);
      io.print(describeDevice(profiles.at(-1)!));
    } finally {
      await device.close();
    }
  }
  io.result(profiles.length === 1 ? profiles[0]! : { profiles });
};

async function listShipped(io: CommandIo): Promise<void> {
  const { shippedProfiles } = await import("../../search/index.ts");
  const { describeMachine } = await import("./search-device.ts");
  const machines = (await shippedProfiles()).map(({ name, profile }) => ({
    name,
    machine: describeMachine(profile),
    threads: profile.engine.threads,
    simd: profile.engine.simd,
    date: profile.date,
    about: profile.about ?? "",
  }));
  const columns = ["name", "machine", "threads", "SIMD", "calibrated"].map((title) => ({ title, numeric: false }));
  const rows = machines.map((one) => [one.name, one.machine, String(one.threads), one.simd, one.date.slice(0, 10)]);
  io.print(formatTable(columns, rows));
  for (const { name, about } of machines) io.print(`\n  ${name}: ${about}`);
  io.result({ machines });
}

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
