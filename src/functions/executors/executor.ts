// Executors turn calls into commands for one kind of device and run them, each after the user's explicit yes.
// This file is the interface and the loop; the implementations are dry-run.ts, adb.ts, termux.ts and web.ts.

import type { Call } from "../types.ts";

/** Turns calls into commands of one device, and runs single commands. Runs nothing by itself: see `execute`. */
export interface Executor {
  readonly name: string;
  /**
   * The command of a call, as an argument vector that needs no local shell. Throws `unsupported` when the device
   * cannot express the call, `invalid-call` when an argument is missing or malformed.
   */
  commandFor(call: Call): string[];
  /** The command as one line that a user can read, and paste into a POSIX shell. */
  describe(call: Call): string;
  /** Runs a command made by `commandFor`; null where the executor never runs anything. */
  readonly run: ((command: readonly string[], signal?: AbortSignal) => Promise<string>) | null;
}

/** What became of one call. */
export interface Execution {
  call: Call;
  command: string[];
  /** False when the user said no, or when the executor runs nothing. */
  ran: boolean;
  /** What the command printed. */
  output: string;
}

export interface ExecuteOptions {
  /** Asked once per call, with the readable command; only `true` runs it. */
  confirm: (description: string, call: Call) => boolean | Promise<boolean>;
  signal?: AbortSignal | undefined;
}

/**
 * Runs the calls of one answer in order, each only when `confirm` answers `true`. All commands are made before the
 * first one runs, so a call that cannot be expressed stops the whole answer. A no ends the answer: later calls
 * may depend on the one that was refused.
 */
export async function execute(
  executor: Executor,
  calls: readonly Call[],
  options: ExecuteOptions,
): Promise<Execution[]> {
  const prepared = calls.map((call) => ({
    call,
    command: executor.commandFor(call),
    description: executor.describe(call),
  }));
  const done: Execution[] = [];
  for (const { call, command, description } of prepared) {
    options.signal?.throwIfAborted();
    const agreed = (await options.confirm(description, call)) === true;
    const ran = agreed && executor.run !== null;
    const output = ran && executor.run !== null ? await executor.run(command, options.signal) : "";
    done.push({ call, command, ran, output });
    if (!agreed) break;
  }
  return done;
}
