// The device that `handheld search` searches for: where its profile comes from, and whether its best can be measured on it.
import { machineFacts } from "../../devices/machine.ts";
import { HandheldError } from "../../errors.ts";
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
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";

/** A device as a search needs it. */
export interface SearchDevice {
  /** What to call it: its processor and engine. */
  readonly name: string;
  readonly profile: LatencyProfile;
  /** Measures candidates whole; null where the profile is another machine's. */
  readonly verify: ((specs: readonly Spec[], options: VerifyOptions) => Promise<VerifiedCandidate[]>) | null;
  /** The kernels of this machine, for training proxies. */
  backend(): Promise<Backend>;
  close(): Promise<void>;
}

/** How {@link openDevice} calibrates. */
export interface DeviceOptions {
  threads: number | undefined;
  /** Take a calibration though the machine was busy. */
  acceptUnsteady: boolean;
  io: CommandIo;
}

/**
 * Opens a device by name: `local` (calibrated now), or a profile file.
 *
 * @throws UsageError for a name that is none; HandheldError `unsupported` for a kind of device that cannot be reached,
 *   `unsteady` when the machine was too busy, `invalid-file`, `io`
 */
export async function openDevice(name: string, options: DeviceOptions): Promise<SearchDevice> {
  if (name === "local") return openLocal(options);
  if (/^(phone|adb|ssh:.*)$/.test(name)) {
    throw new HandheldError(
      "unsupported",
      `--device ${name}: this build reaches no other device; calibrate there with "search --save-profile", and give the file here`,
    );
  }
  if (!/[/\\]|\.json$/.test(name) && !(await pathExists(name))) {
    throw new UsageError(`--device takes local, phone, adb, ssh:<host> or a profile file, got "${name}"`);
  }
  return openProfile(name, options);
}

async function openLocal({ threads, acceptUnsteady, io }: DeviceOptions): Promise<SearchDevice> {
  const backend = await createBackend({ threads });
  try {
    const progress = io.progress("Calibrating", { total: 100, unit: "%" });
    const profile = await calibrateDevice(backend, {
      acceptUnsteady,
      signal: io.signal,
      onProgress: (done, what) => progress.update(Math.round(100 * done), what),
    });
    progress.finish();
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
