// The device that `handheld search` searches for: where its profile comes from, and whether its best can be measured on it.
import { machineFacts } from "../../devices/machine.ts";
import { pathExists } from "../../io.ts";
import type { Backend } from "../../kernels/backend.ts";
import { createBackend } from "../../kernels/index.ts";
import {
  calibrateDevice,
  type LatencyProfile,
  readLatencyProfile,
  type VerifiedCandidate,
  type VerifyOptions,
  verifyCandidates,
} from "../../search/index.ts";
import type { Spec } from "../../spec/spec.ts";
import { deviceHelp, openNamedDevice, type RemoteChoice, tell } from "../devices.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";

/** A device as a search needs it. */
export interface SearchDevice {
  /** What to call it: its processor and engine. */
  readonly name: string;
  readonly profile: LatencyProfile;
  /** Measures candidates whole; null where the profile is another machine's. */
  readonly verify: ((specs: readonly Spec[], options: VerifyOptions) => Promise<VerifiedCandidate[]>) | null;
  /** The kernels of this machine, for training proxies, whatever the device. */
  backend(): Promise<Backend>;
  close(): Promise<void>;
}

/** How {@link openSearchDevice} reaches and calibrates. */
export interface DeviceOptions extends RemoteChoice {
  threads: number | undefined;
  /** Take a calibration though the machine was busy. */
  acceptUnsteady: boolean;
  io: CommandIo;
}

/**
 * Opens a device by name: this machine or another one (calibrated now), or a profile file.
 *
 * @throws UsageError for a name that is none; HandheldError `unsteady` when the machine was too busy, `invalid-file`, `io`;
 *   DeviceError when the device fails
 */
export async function openSearchDevice(name: string, options: DeviceOptions): Promise<SearchDevice> {
  const { isDeviceName } = await import("../../remote/index.ts");
  if (name === "local") return openLocal(options);
  if (isDeviceName(name)) return openRemote(name, options);
  if (!/[/\\]|\.json$/.test(name) && !(await pathExists(name))) {
    throw new UsageError(`--device takes ${deviceHelp}, or a profile file; got "${name}"`);
  }
  return openProfile(name, options);
}

async function openRemote(name: string, options: DeviceOptions): Promise<SearchDevice> {
  const { calibrateOn, verifyOn } = await import("../../remote/index.ts");
  const { threads, acceptUnsteady, io } = options;
  const device = await openNamedDevice(name, options, io);
  let backend: Backend | null = null;
  const close = async () => {
    await backend?.close();
    await device.close();
  };
  const onEvent = (event: Parameters<typeof tell>[0]) => tell(event, device, io);
  try {
    const onProgress = showCalibration(io);
    const { signal } = io;
    const profile = await calibrateOn(device, { threads, acceptUnsteady, signal, onEvent, onProgress });
    onProgress.finish();
    return {
      name: `${device.name}: ${describeMachine(profile)}`,
      profile,
      verify: (specs, verifying) => verifyOn(device, specs, { ...verifying, threads, onEvent }),
      backend: async () => (backend ??= await createBackend({ threads })),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type CalibrationProgress = NonNullable<Parameters<typeof calibrateDevice>[1]>["onProgress"] & { finish(): void };

function showCalibration(io: CommandIo): CalibrationProgress {
  const progress = io.progress("Calibrating", { total: 100, unit: "%" });
  const show = (done: number, what: string) => progress.update(Math.round(100 * done), what);
  return Object.assign(show, { finish: () => progress.finish() });
}

async function openLocal({ threads, acceptUnsteady, io }: DeviceOptions): Promise<SearchDevice> {
  const backend = await createBackend({ threads });
  try {
    const onProgress = showCalibration(io);
    const profile = await calibrateDevice(backend, { acceptUnsteady, signal: io.signal, onProgress });
    onProgress.finish();
    return deviceOf(profile, backend, threads);
  } catch (error) {
    await backend.close();
    throw error;
  }
}

async function openProfile(path: string, { threads }: DeviceOptions): Promise<SearchDevice> {
  const profile = await readLatencyProfile(path);
  const { cpuModel, cores, runtime } = await machineFacts();
  const { device } = profile;
  const here = device.cpuModel === cpuModel && device.cores === cores && device.runtime.name === runtime.name;
  return deviceOf(profile, null, threads ?? profile.engine.threads, here);
}

function deviceOf(
  profile: LatencyProfile,
  opened: Backend | null,
  threads: number | undefined,
  here = true,
): SearchDevice {
  let current = opened;
  const backend = async () => (current ??= await createBackend({ threads }));
  return {
    name: describeMachine(profile),
    profile,
    verify: here ? async (specs, options) => verifyCandidates(await backend(), specs, options) : null,
    backend,
    close: async () => {
      await current?.close();
      current = null;
    },
  };
}

function describeMachine({ device }: LatencyProfile): string {
  const { cpuModel, platform, arch, cores, runtime } = device;
  return `${cpuModel ?? `${platform} ${arch}`}, ${cores} ${cores === 1 ? "core" : "cores"}, ${runtime.name} ${runtime.version}`;
}
