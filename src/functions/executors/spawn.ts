// Runs an argument vector without a shell. Node only; the module is loaded when a command runs, so that pages can
// import the executors that only describe.

import { HandheldError } from "../../errors.ts";

/** Runs `command[0]` with the rest as its arguments and returns what it printed; throws `io` when it fails. */
export async function runCommand(command: readonly string[], signal?: AbortSignal): Promise<string> {
  const { execFile } = await import("node:child_process");
  const [program, ...args] = command as [string, ...string[]];
  return await new Promise((resolve, reject) => {
    execFile(program, args, { signal, timeout: 30_000 }, (error, stdout, stderr) => {
      // `am` reports some failures on standard output with exit code 0.
      const failure = error !== null ? stderr.trim() || error.message : /^Error:.*/m.exec(stdout + stderr)?.[0];
      if (failure === undefined) resolve(stdout);
      else reject(new HandheldError("io", `${program} failed: ${hint(program, error) ?? failure}`, { cause: error }));
    });
  });
}

function hint(program: string, error: Error | null): string | undefined {
  if ((error as NodeJS.ErrnoException | null)?.code !== "ENOENT") return undefined;
  return program === "adb"
    ? "adb is not installed; install the Android platform tools"
    : `${program} is not installed on this machine; it exists on Android only`;
}
