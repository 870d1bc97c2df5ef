// A device: something that runs jobs. Its implementations are in node/; what may be run is in jobs.ts.
import type { FoundAndroidMeter } from "../devices/energy/android.ts";
import type { JobName, JobParams, JobResult } from "./jobs.ts";

/** What happens while a job runs. */
export type JobEvent =
  /** So much of it is done. `total` is null where nobody knows. */
  | { type: "progress"; done: number; total: number | null; note: string }
  /** A part of the result that is final, as the job defines it. */
  | { type: "part"; value: unknown }
  /** Something that a reader should know: the screen went dark for 40 s, the page was opened anew. */
  | { type: "note"; text: string }
  /** The device had forgotten the job: it goes on behind so many parts that came before; with none, it begins again. */
  | { type: "restarted"; parts: number };

/** Options of {@link Device.run}. */
export interface RunOptions {
  /** Ends the job. */
  signal?: AbortSignal | undefined;
  onEvent?: ((event: JobEvent) => void) | undefined;
}

/** A machine that runs jobs, one after the other: this one, a phone's browser, one behind ssh or adb. */
export interface Device {
  /** As it was asked for, or as the device calls itself: "local", "ssh:pi@board", "phone (android, chrome 140)". */
  readonly name: string;
  /** What makes its numbers what they are, in words: one thread because …, the screen may turn off because … */
  readonly notes: readonly string[];
  /**
   * Runs a job and returns its validated result.
   *
   * @throws HandheldError as the job did, `aborted`; DeviceError when the device fails, with the parts that came
   * @example
   * ```ts
   * const device = await openDevice("ssh:pi@board");
   * const { profile } = await device.run("probe", {}, { onEvent: console.log });
   * await device.close();
   * ```
   */
  run<N extends JobName>(job: N, params: JobParams<N>, options?: RunOptions): Promise<JobResult<N>>;
  /**
   * Opens what counts the device's energy from outside: there with adb, absent elsewhere. A job on the device may count by
   * itself; see openEnergyMeter.
   */
  openMeter?(): Promise<FoundAndroidMeter>;
  /** Ends what runs and lets go of the machine. */
  close(): Promise<void>;
}

/** The same device, with more to let go of when it is closed. */
export function alsoClosing(device: Device, close: () => Promise<void>): Device {
  const { name, notes, openMeter } = device;
  const run = device.run.bind(device);
  return { name, notes, run, ...(openMeter && { openMeter }), close: () => device.close().finally(close) };
}
