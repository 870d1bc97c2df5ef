// The device "local": jobs run in this process.
import { HandheldError } from "../errors.ts";
import type { Device, RunOptions } from "./device.ts";
import { type JobName, type JobParams, type JobResult, parseFor, runJob } from "./jobs.ts";

/** Creates the device that this process is. */
export function createLocalDevice(): Device {
  const closing = new AbortController();
  return {
    name: "local",
    notes: [],
    async run<N extends JobName>(job: N, params: JobParams<N>, { signal, onEvent = () => {} }: RunOptions = {}) {
      if (closing.signal.aborted) throw new HandheldError("aborted", "local is closed");
      const tools = {
        signal: signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]),
        progress: (done: number, total: number | null, note = "") => onEvent({ type: "progress", done, total, note }),
        part: (value: unknown) => onEvent({ type: "part", value: parseFor(job, "part", value) }),
      };
      return (await runJob(job, params, tools)) as JobResult<N>;
    },
    async close() {
      closing.abort();
    },
  };
}
