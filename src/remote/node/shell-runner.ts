// Puts the job runner on a machine with a POSIX shell and starts it there: what ssh and adb have in common.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { HandheldError } from "../../errors.ts";
import type { ChannelDevice } from "../channel-device.ts";
import { DeviceError } from "../errors.ts";
import { connectRunner, type RunnerProcess } from "./runner-device.ts";

/** A shell on another machine. */
export interface Shell {
  /** Runs a command to its end, with `input` as its standard input. */
  run(command: string, input?: Uint8Array): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Starts a command that talks through its standard input and output. */
  start(command: string): Promise<RunnerProcess>;
}

/** Options of {@link startRunner}. */
export interface RunnerOptions {
  /** Name of the device. */
  name: string;
  /** The words that start Node there, quoted for its shell. */
  node: string;
  /** Folder for the runner, quoted too; it is made where it is missing. */
  folder: string;
}

/** Oldest Node that runs the kernels as they are meant to. */
const oldestNode = 22;

/**
 * Copies the runner where it is not there yet (130 kB; its name has its hash), starts it and makes a device of it.
 *
 * @throws DeviceError `missing` without Node 22 or a folder to write to, `lost` when the runner does not answer
 */
export async function startRunner(shell: Shell, { name, node, folder }: RunnerOptions): Promise<ChannelDevice> {
  await checkNode(shell, name, node);
  const program = await runnerProgram();
  const hash = createHash("sha256").update(program).digest("hex").slice(0, 16);
  const file = `${folder}/runner-${hash}.mjs`;
  const there = await shell.run(`wc -c < ${file}`);
  if (there.code !== 0 || Number(there.stdout) !== program.length) {
    // Those of other versions go: a few would be nothing, but nobody would ever remove them.
    const copy = `mkdir -p ${folder} && rm -f ${folder}/runner-*.mjs && cat > ${file}.$$ && mv ${file}.$$ ${file}`;
    const { code, stderr } = await shell.run(copy, program);
    if (code !== 0) throw new DeviceError("missing", name, `cannot copy the job runner there: ${lastLine(stderr)}`);
  }
  return connectRunner(name, await shell.start(`exec ${node} ${file}`));
}

async function checkNode(shell: Shell, name: string, node: string): Promise<void> {
  const { code, stdout, stderr } = await shell.run(`${node} --version`);
  const version = /^v(\d+)\./.exec(stdout.trim());
  if (code !== 0 || version === null) {
    const reason = lastLine(stderr) || `it ended with ${code}`;
    throw new DeviceError(
      "missing",
      name,
      `there is no Node that "${node}" starts (${reason}); install Node ${oldestNode}`,
    );
  }
  if (Number(version[1]) >= oldestNode) return;
  throw new DeviceError("missing", name, `Node ${stdout.trim()} is too old; Node ${oldestNode} or later is needed`);
}

async function runnerProgram(): Promise<Uint8Array> {
  // Sources run as they are, too; the runner is a bundle and must be built then.
  const here = import.meta.url.replace(/\/src\/remote\/node\/[^/]*\.ts$/, "/dist/remote/node/");
  const url = new URL("../runner.mjs", here);
  try {
    return await readFile(url);
  } catch (cause) {
    throw new HandheldError("io", `cannot read the job runner ${url.pathname}; run "npm run build"`, { cause });
  }
}

/** The last line that says something. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}

/** A word as a POSIX shell takes it literally. */
export function quote(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
