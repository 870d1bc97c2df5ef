// A Device over anything that carries commands there and replies back. Believes no reply: what does not fit its schema fails
// the job and is refused.
import { HandheldError } from "../errors.ts";
import type { Device, JobEvent, RunOptions } from "./device.ts";
import { DeviceError, fromPlainError } from "./errors.ts";
import { findJob, type JobName, type JobParams, type JobResult, parseFor } from "./jobs.ts";
import { type Command, type Reply, replySchema } from "./messages.ts";

// No job has as many; a device that sends parts without end must not fill our memory.
const mostParts = 10_000;

/** A way to a device. */
export interface Channel {
  send(command: Command): void;
  /** Resolves when the device has been let go. */
  close(): Promise<void>;
}

/** Options of {@link ChannelDevice}. */
export interface ChannelDeviceOptions {
  name: string;
  notes?: readonly string[] | undefined;
  channel: Channel;
  /** Milliseconds that an aborted job has to end by itself. Default 3000. */
  abortMs?: number | undefined;
}

/** A job on its way. */
interface Open {
  command: Extract<Command, { type: "run" }>;
  parts: unknown[];
  onEvent: (event: JobEvent) => void;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

type JobReply = Exclude<Reply, { type: "note" }>;

/** A Device, with what its channel tells it. */
export class ChannelDevice implements Device {
  readonly name: string;
  readonly notes: readonly string[];
  private readonly channel: Channel;
  private readonly abortMs: number;
  private readonly open = new Map<number, Open>();
  private last = 0;
  private gone: Error | null = null;

  constructor({ name, notes = [], channel, abortMs = 3000 }: ChannelDeviceOptions) {
    this.name = name;
    this.notes = notes;
    this.channel = channel;
    this.abortMs = abortMs;
  }

  async run<N extends JobName>(
    job: N,
    params: JobParams<N>,
    { signal, onEvent = () => {} }: RunOptions = {},
  ): Promise<JobResult<N>> {
    parseFor(job, "params", params);
    if (this.gone !== null) throw this.gone;
    if (signal?.aborted) throw stopped();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const command = { type: "run" as const, id: ++this.last, job, params };
    this.open.set(command.id, { command, parts: [], onEvent, resolve, reject });
    this.channel.send(command);
    const abort = () => this.abort(command.id);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return (await promise) as JobResult<N>;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  /** A reply came. @throws DeviceError `invalid-reply`, which the job that it is about, or every one, ends with too */
  reply(value: unknown): void {
    const parsed = replySchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      const field = issue.path.join(".") || "the whole";
      throw this.refuse([...this.open.keys()], `it sent no valid reply: ${field}: ${issue.message}`);
    }
    const reply = parsed.data;
    if (reply.type === "note") for (const { onEvent } of this.open.values()) onEvent(reply);
    if (reply.type === "note") return;
    const job = this.open.get(reply.id);
    if (job === undefined) return; // it was given up
    try {
      this.handle(reply, job);
    } catch (error) {
      throw this.refuse([reply.id], (error as Error).message);
    }
  }

  /** The device is gone: open jobs end with the error, and later ones. */
  lost(error: Error): void {
    this.gone ??= error;
    for (const id of this.open.keys()) this.fail(id, error);
  }

  /** The device forgot its jobs; those that are open are sent again, or go on where that is possible. */
  restart(): void {
    for (const { command, parts, onEvent } of this.open.values()) {
      const { resume } = findJob(command.job);
      const params = resume ? resume(command.params, parts) : command.params;
      if (!resume) parts.length = 0;
      onEvent({ type: "restarted", parts: parts.length });
      this.channel.send({ ...command, params });
    }
  }

  async close(): Promise<void> {
    this.lost(new HandheldError("aborted", `${this.name} is closed`));
    await this.channel.close();
  }

  private handle(reply: JobReply, { command, parts, onEvent, resolve }: Open): void {
    if (reply.type === "progress") {
      const { done, total, note } = reply;
      onEvent({ type: "progress", done, total, note });
    } else if (reply.type === "part") {
      const value = parseFor(command.job, "part", reply.value);
      if (parts.push(value) > mostParts) throw new Error(`it sent more than ${mostParts} parts`);
      onEvent({ type: "part", value });
    } else if (reply.type === "result") {
      resolve(parseFor(command.job, "result", reply.value));
      this.open.delete(reply.id);
    } else this.fail(reply.id, fromPlainError(this.name, reply.error));
  }

  private abort(id: number): void {
    if (!this.open.has(id)) return;
    this.channel.send({ type: "abort", id });
    setTimeout(() => this.fail(id, stopped()), this.abortMs).unref?.();
  }

  // The jobs end here, so that nobody waits for a device that talks nonsense.
  private refuse(ids: readonly number[], reason: string): DeviceError {
    for (const id of ids) this.fail(id, new DeviceError("invalid-reply", this.name, reason));
    return new DeviceError("invalid-reply", this.name, reason);
  }

  private fail(id: number, error: Error): void {
    const job = this.open.get(id);
    if (job === undefined) return;
    if (error instanceof DeviceError) error.parts = [...job.parts];
    this.open.delete(id);
    job.reject(error);
  }
}

const stopped = () => new HandheldError("aborted", "stopped");
