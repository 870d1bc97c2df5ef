// Runs the program as a process, as a user would, and waits for its end.
import { spawn } from "node:child_process";

const main = new URL("../../src/cli/main.ts", import.meta.url).pathname;

/** How a run of the program ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Options of {@link handheld}. */
export interface CliRun {
  cwd?: string;
  /** Called every few milliseconds while it runs. */
  whileRunning?: (kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs `handheld <args>` on one thread, so that equal runs give equal bytes. */
export function handheld(args: readonly string[], { cwd, whileRunning }: CliRun = {}): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args, "--threads", "1"], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const timer = whileRunning && setInterval(() => whileRunning((signal) => child.kill(signal)), 5);
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      clearInterval(timer);
      resolve({ code, signal, out, err });
    }),
  );
}

/** The JSON object that closes standard output with `--json`. */
export function resultOf({ out }: Ended): Record<string, unknown> {
  return JSON.parse(out.trimEnd().split("\n").at(-1)!);
}
