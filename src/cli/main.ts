#!/usr/bin/env node
// The `handheld` program: this process's streams and signals around runCli.
import { readFileSync } from "node:fs";
import { runCli } from "./cli.ts";
import { commands } from "./commands/index.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

// The first Ctrl-C asks the command to stop. The handler is gone then, so the second one ends the process at once,
// even while it computes.
const stop = new AbortController();
const interrupt = () => stop.abort();
process.once("SIGINT", interrupt);

// `handheld … | head` closes our output early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const code = await runCli(process.argv.slice(2), {
  commands,
  version,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  interrupt: () => process.kill(process.pid, "SIGINT"),
});

// Worker threads of a failed command may still be waiting for work, so the process does not end by itself.
process.stdout.write("", () => process.exit(code));
