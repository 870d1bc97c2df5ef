// The device's end: runs the jobs that commands ask for, one after the other, and replies. The same in Node and in a page's
// worker; what carries the messages is the caller's.
import { HandheldError } from "../errors.ts";
import { toPlainError } from "./errors.ts";
import type { JobTools } from "./job.ts";
import { runJob } from "./jobs.ts";
import type { Command, Reply } from "./messages.ts";

// Progress is for people: more often than this nobody can read it.
const progressMs = 100;

/** Takes commands. */
export interface JobHost {
  receive(command: Command): void;
}

/** Options of {@link createJobHost}. */
export interface JobHostOptions {
  send(reply: Reply): void;
  /** Called on a `close` command, after the jobs before it have ended. */
  onClose?: (() => void) | undefined;
}

/** Creates the device's end over `send`. */
export function createJobHost({ send, onClose }: JobHostOptions): JobHost {
  const running = new Map<number, AbortController>();
  let queue: Promise<void> = Promise.resolve();
  const run = async ({ id, job, params }: Extract<Command, { type: "run" }>, signal: AbortSignal) => {
    try {
      if (signal.aborted) throw new HandheldError("aborted", "stopped");
      send({ type: "result", id, value: await runJob(job, params, toolsFor(id, signal, send)) });
    } catch (error) {
      send({ type: "error", id, error: toPlainError(error) });
    } finally {
      running.delete(id);
    }
  };
  return {
    receive(command) {
      if (command.type === "abort") running.get(command.id)?.abort();
      else if (command.type === "close") {
        for (const stop of running.values()) stop.abort();
        queue = queue.then(() => onClose?.());
      } else if (!running.has(command.id)) {
        const stop = new AbortController();
        running.set(command.id, stop);
        queue = queue.then(() => run(command, stop.signal));
      }
    },
  };
}

function toolsFor(id: number, signal: AbortSignal, send: (reply: Reply) => void): Omit<JobTools, "createBackend"> {
  let next = 0;
  return {
    signal,
    progress(done, total, note = "") {
      const now = performance.now();
      if (now < next && done !== total) return;
      next = now + progressMs;
      send({ type: "progress", id, done, total, note: note.slice(0, 200) });
    },
    part: (value) => send({ type: "part", id, value }),
  };
}
