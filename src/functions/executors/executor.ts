// Executors turn calls into commands for one kind of device and run them, each after the user's explicit yes.
// This file is the interface and the loop; the implementations are dry-run.ts, adb.ts, termux.ts and web.ts.

import type { Call } from "../types.ts";

/** Turns calls into commands of one device, and runs them when the user agrees. */
export interface Executor {
  readonly name: string;
  /**
   * The command of a call, as an argument vector that needs no local shell. Throws `unsupported` when the device
   * cannot express the call, `invalid-call` when an argument is missing or malformed.
   */
  commandFor(call: Call): string[];
  /** The command as one line that a user can read, and paste into a POSIX shell. */
  describe(call: Call): string;
  /**
   * Runs the calls of one answer in order, each only when `confirm` answers `true`; there is no other way to run one.
   * All commands are made before the first runs, so a call that cannot be expressed stops the whole answer. A no ends
   * the answer: later calls may depend on the one that was refused. Throws `io` when a command fails.
   */
  execute(calls: readonly Call[], options: ExecuteOptions): Promise<Execution[]>;
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

/** Runs one command and returns what it printed. */
export type Run = (command: readonly string[], signal?: AbortSignal) => Promise<string>;

/** An executor from its parts; `run` is null where nothing is ever run. It is reachable through `execute` only. */
export function defineExecutor(
  parts: Pick<Executor, "name" | "commandFor" | "describe"> & { run: Run | null },
): Executor {
  const { run, ...described } = parts;
  return {
    ...described,
    async execute(calls, { confirm, signal }) {
      const prepared = calls.map((call) => ({
        call,
        command: described.commandFor(call),
        description: described.describe(call),
      }));
      const done: Execution[] = [];
      for (const { call, command, description } of prepared) {
        signal?.throwIfAborted();
        const agreed = (await confirm(description, call)) === true;
        const output = agreed && run !== null ? await run(command, signal) : "";
        done.push({ call, command, ran: agreed && run !== null, output });
        if (!agreed) break;
      }
      return done;
    },
  };
}

/** `executor.execute`, as a function. */
export const execute = (executor: Executor, calls: readonly Call[], options: ExecuteOptions): Promise<Execution[]> =>
  executor.execute(calls, options);
