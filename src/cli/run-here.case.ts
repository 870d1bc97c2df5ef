// The command line within a test's process: what a program would write and end with.
import { PassThrough } from "node:stream";
import { runCli } from "./cli.ts";
import { commands } from "./commands/index.ts";

/** How a command line ended. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
  /** With --json, what it ends its output with; null without, or after a failure. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of every kind
  result: any;
}

/** Runs `handheld ...args`, without a terminal or input. */
export function runHere(...args: string[]): Promise<Outcome> {
  return runCommand(commands, ...args);
}

/** The same for commands of a test's own. */
export async function runCommand(own: typeof commands, ...args: string[]): Promise<Outcome> {
  let [out, err] = ["", ""];
  const code = await runCli(args, {
    commands: own,
    version: "0",
    stdin: new PassThrough(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    signal: new AbortController().signal,
    interrupt: () => {},
  });
  const last = out.trimEnd().split("\n").at(-1) ?? "";
  return { code, out, err, result: code === 0 && args.includes("--json") ? JSON.parse(last) : null };
}
