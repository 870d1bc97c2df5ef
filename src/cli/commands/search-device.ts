// The device that `handheld search` searches for: where its profile comes from, and whether its best can be measured on it.

import { machineFacts } from "../../devices/machine.ts";
import { suggest } from "../../errors.ts";
import { pathExists } from "../../io.ts";
import type { Backend } from "../../kernels/backend.ts";
import { createBackend } from "../../kernels/index.ts";
import {
  calibrateDevice,
  findShippedProfile,
  type LatencyProfile,
  measurePower,
  readLatencyProfile,
  shippedProfiles,
  untilSteady,
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
  /** Where the profile is from, in words; null where it was made now. */
  readonly origin: string | null;
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
  /** Also measure what it draws while it computes. */
  power: boolean;
  io: CommandIo;
}

/**
 * Opens a device by name: this machine or another one (calibrated now, again where it was unsteady), or a profile: one that
 * comes with the package, or a file.
 *
 * @throws UsageError for a name that is none; HandheldError `unsteady` when the machine was too busy, `invalid-file`, `io`;
 *   DeviceError when the device fails
 */
export async function openSearchDevice(name: string, options: DeviceOptions): Promise<SearchDevice> {
  const { isDeviceName } = await import("../../remote/index.ts");
  if (name === "local") return openLocal(options);
  if (isDeviceName(name)) return openRemote(name, options);
  const shipped = await findShippedProfile(name);
  if (shipped !== null) return openProfile(shipped, `${name}, which comes with handheld: ${shipped.about}`, options);
  if (/[/\\]|\.json$/.test(name) || (await pathExists(name))) {
    const profile = await readLatencyProfile(name);
    return openProfile(profile, profile.about === undefined ? name : `${name}: ${profile.about}`, options);
  }
  const hint = suggest(
    name,
    (await shippedProfiles()).map((one) => one.name),
  );
  throw new UsageError(
    `--device takes ${deviceHelp}, a profile file, or a profile that "handheld device --list" names; got "${name}"${hint}`,
  );
}

async function openRemote(name: string, options: DeviceOptions): Promise<SearchDevice> {
  const { calibrateOn, verifyOn } = await import("../../remote/index.ts");
  const { threads, acceptUnsteady, power, io } = options;
  const device = await openNamedDevice(name, options, io);
  let backend: Backend | null = null;
  const close = async () => {
    await backend?.close();
    await device.close();
  };
  const onEvent = (event: Parameters<typeof tell>[0]) => tell(event, device, io);
  try {
    const { signal } = io;
    const asked = { threads, acceptUnsteady, power, signal, onEvent };
    const profile = await calibrateSteadily(io, (onProgress) => calibrateOn(device, { ...asked, onProgress }));
    return {
      name: `${device.name}: ${describeMachine(profile)}`,
      profile,
      origin: null,
      verify: (specs, verifying) => verifyOn(device, specs, { ...verifying, threads, onEvent }),
      backend: async () => (backend ??= await createBackend({ threads })),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Calibrates under a progress line, again where the machine did not stay the same, and says so. */
function calibrateSteadily(
  io: CommandIo,
  calibrate: (onProgress: (done: number, what: string) => void) => Promise<LatencyProfile>,
): Promise<LatencyProfile> {
  const attempt = async () => {
    const progress = io.progress("Calibrating", { total: 100, unit: "%" });
    const profile = await calibrate((done, what) => progress.update(Math.round(100 * done), what));
    progress.finish(`${profile.quality.points} operations, ${profile.quality.checks.length / 2} models`);
    return profile;
  };
  const onRetry = (reason: string, next: number, attempts: number) => {
    io.warn(reason);
    io.print(`  Calibrating again, ${next} of ${attempts}; Ctrl-C ends it.`);
  };
  return untilSteady(attempt, { signal: io.signal, onRetry });
}

async function openLocal({ threads, acceptUnsteady, power, io }: DeviceOptions): Promise<SearchDevice> {
  const backend = await createBackend({ threads });
  const { signal } = io;
  try {
    const asked = { acceptUnsteady, signal };
    const profile = await calibrateSteadily(io, (onProgress) => calibrateDevice(backend, { ...asked, onProgress }));
    if (power) profile.energy = await measurePower(backend, { signal });
    return deviceOf(profile, { origin: null, here: true, opened: backend, threads });
  } catch (error) {
    await backend.close();
    throw error;
  }
}

async function openProfile(profile: LatencyProfile, origin: string, { threads }: DeviceOptions): Promise<SearchDevice> {
  const measured = profile.engine.threads;
  if (threads !== undefined && threads !== measured) {
    throw new UsageError(
      `--threads ${threads}: the profile was calibrated with ${measured}; leave it out, or calibrate`,
    );
  }
  const { cpuModel, cores, runtime } = await machineFacts();
  const { device } = profile;
  const here = device.cpuModel === cpuModel && device.cores === cores && device.runtime.name === runtime.name;
  return deviceOf(profile, { origin, here, opened: null, threads: measured });
}

/** What is known of a profile's device besides. */
interface Place {
  origin: string | null;
  /** It is this machine. */
  here: boolean;
  opened: Backend | null;
  threads: number | undefined;
}

function deviceOf(profile: LatencyProfile, { origin, here, opened, threads }: Place): SearchDevice {
  let current = opened;
  const backend = async () => (current ??= await createBackend({ threads }));
  return {
    name: describeMachine(profile),
    profile,
    origin,
    verify: here ? async (specs, options) => verifyCandidates(await backend(), specs, options) : null,
    backend,
    close: async () => {
      await current?.close();
      current = null;
    },
  };
}

/** Processor, cores and engine in a line. */
export function describeMachine({ device }: LatencyProfile): string {
  const { cpuModel, platform, arch, cores, runtime } = device;
  return `${cpuModel ?? `${platform} ${arch}`}, ${cores} ${cores === 1 ? "core" : "cores"}, ${runtime.name} ${runtime.version}`;
}
