// A Device over anything that carries commands there and replies back. Believes no reply: what does not fit its schema fails
// the job and is refused.
import { HandheldError } from "../errors.ts";
import type { Device, JobEvent, RunOptions } from "./device.ts";
import { DeviceError, fromPlainError } from "./errors.ts";
import { type JobName, type JobParams, type JobResult, parseFor } from "./jobs.ts";
import { type Command, type Reply, replySchema } from "./messages.ts";

// No job has as many; a device that sends parts without end must not fill our memory.
const mostParts = 10_000;

/** A way to a device. */
export interface Channel {
  send(command: Command): void;
  /** Resolves when the device has been let go. */
  close(): Promise<void>;
}

/** A Device, with what its channel tells it. */
export interface ChannelDevice extends Device {
  /** A reply came. @throws DeviceError `invalid-reply`, which the open job ends with too */
  reply(value: unknown): void;
  /** The device is gone; open jobs end with the error. */
  lost(error: DeviceError): void;
  /** The device forgot its jobs; those that are open are sent again. */
  restart(): void;
}

/** Options of {@link createChannelDevice}. */
export interface ChannelDeviceOptions {
  name: string;
  notes?: readonly string[] | undefined;
  channel: Channel;
  /** Milliseconds that an aborted job has to end by itself. Default 3000. */
  abortMs?: number | undefined;
}

interface Open {
  command: Extract<Command, { type: "run" }>;
  parts: unknown[];
  onEvent: (event: JobEvent) => void;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Creates the device. */
export function createChannelDevice(options: ChannelDeviceOptions): ChannelDevice {
  const { name, channel, notes = [], abortMs = 3000 } = options;
  const open = new Map<number, Open>();
  let last = 0;
  let gone: Error | null = null;
  const end = (error: Error) => {
    gone ??= error;
    for (const { reject, parts } of open.values()) reject(withParts(error, parts));
    open.clear();
  };
  const start = (job: string, params: unknown, onEvent: Open["onEvent"]) => {
    const command = { type: "run" as const, id: ++last, job, params };
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    open.set(command.id, { command, parts: [], onEvent, resolve, reject });
    channel.send(command);
    return { id: command.id, promise };
  };
  const stop = (id: number) => {
    if (!open.has(id)) return;
    channel.send({ type: "abort", id });
    setTimeout(() => settle(open, id, "reject", stopped()), abortMs).unref?.();
  };
  return {
    name,
    notes,
    async run<N extends JobName>(job: N, params: JobParams<N>, { signal, onEvent = () => {} }: RunOptions = {}) {
      parseFor(job, "params", params);
      if (gone !== null) throw gone;
      if (signal?.aborted) throw stopped();
      const { id, promise } = start(job, params, onEvent);
      const abort = () => stop(id);
      signal?.addEventListener("abort", abort, { once: true });
      try {
        return (await promise) as JobResult<N>;
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    reply(value) {
      const problem = receive(value, open, name);
      if (problem !== null) throw problem;
    },
    lost: (error) => end(error),
    restart() {
      for (const job of open.values()) {
        job.parts.length = 0;
        job.onEvent({ type: "restarted" });
        channel.send(job.command);
      }
    },
    async close() {
      end(new HandheldError("aborted", `${name} is closed`));
      await channel.close();
    },
  };
}

/** Takes a reply in; what is wrong with it, or null. */
function receive(value: unknown, open: Map<number, Open>, name: string): DeviceError | null {
  const parsed = replySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join(".") || "the whole";
    return refuse(open, [...open.keys()], name, `it sent no valid reply: ${field}: ${issue.message}`);
  }
  const reply = parsed.data;
  if (reply.type === "restarted") return null;
  if (reply.type === "note") {
    for (const { onEvent } of open.values()) onEvent(reply);
    return null;
  }
  const job = open.get(reply.id);
  if (job === undefined) return null; // of a job that was given up
  try {
    handle(reply, job, open, name);
    return null;
  } catch (error) {
    return refuse(open, [reply.id], name, (error as Error).message);
  }
}

function handle(
  reply: Exclude<Reply, { type: "note" | "restarted" }>,
  job: Open,
  open: Map<number, Open>,
  name: string,
) {
  const { id } = reply;
  if (reply.type === "progress") {
    const { done, total, note } = reply;
    job.onEvent({ type: "progress", done, total, note });
  } else if (reply.type === "part") {
    const part = parseFor(job.command.job, "part", reply.value);
    if (job.parts.push(part) > mostParts) throw new Error(`it sent more than ${mostParts} parts`);
    job.onEvent({ type: "part", value: part });
  } else if (reply.type === "result") {
    settle(open, id, "resolve", parseFor(job.command.job, "result", reply.value));
  } else {
    settle(open, id, "reject", withParts(fromPlainError(name, reply.error), job.parts));
  }
}

// The job ends here, so that nobody waits for a device that talks nonsense.
function refuse(open: Map<number, Open>, ids: number[], name: string, reason: string): DeviceError {
  const error = new DeviceError("invalid-reply", name, reason);
  for (const id of ids) {
    const { parts } = open.get(id)!;
    settle(open, id, "reject", withParts(new DeviceError("invalid-reply", name, reason), parts));
  }
  return error;
}

function settle(open: Map<number, Open>, id: number, how: "resolve" | "reject", value: unknown): void {
  open.get(id)?.[how](value as Error);
  open.delete(id);
}

function withParts(error: Error, parts: readonly unknown[]): Error {
  if (error instanceof DeviceError) error.parts = [...parts];
  return error;
}

const stopped = () => new HandheldError("aborted", "stopped");
