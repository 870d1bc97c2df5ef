// The phone itself, in Termux: `am start …` run directly, without any shell.

import { amStart } from "./am.ts";
import { defineExecutor, type Executor } from "./executor.ts";
import { intentFor } from "./intents/index.ts";
import { quoteAll } from "./quote.ts";
import { runCommand } from "./spawn.ts";

export interface TermuxOptions {
  /** What relative dates refer to; the current time by default. */
  now?: (() => Date) | undefined;
}

/** An executor for Node under Termux on an Android phone. */
export function createTermuxExecutor({ now = () => new Date() }: TermuxOptions = {}): Executor {
  const commandFor: Executor["commandFor"] = (call) => {
    const argv = amStart(intentFor(call, "termux", now()));
    quoteAll(argv); // refuses a NUL before anything is spawned
    return argv;
  };
  return defineExecutor({
    name: "termux",
    commandFor,
    describe: (call) => quoteAll(commandFor(call)),
    run: runCommand,
  });
}
