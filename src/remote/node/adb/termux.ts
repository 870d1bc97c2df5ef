// Node under Termux over adb. Another app's files are closed to adb's shell; `run-as` opens them where the app is debuggable,
// as the Termux of its GitHub releases is.
import type { Adb } from "@yume-chan/adb";
import type { Device } from "../../device.ts";
import { DeviceError } from "../../errors.ts";
import type { RunnerProcess } from "../runner-device.ts";
import { lastLine, type Shell, startRunner } from "../shell-runner.ts";

const node = "run-as com.termux files/usr/bin/node";

/** @throws DeviceError `missing` where that is not possible */
export async function openTermux(name: string, adb: Adb): Promise<Device> {
  if (!adb.subprocess.shellProtocol?.isSupported) {
    throw new DeviceError("missing", name, "its adb has no shell with separate output (Android 7 or later has)");
  }
  return startRunner(shellOf(adb), { name, node, folder: "/data/local/tmp/handheld" });
}

function shellOf(adb: Adb): Shell {
  // As one word: the library would take it apart at its spaces and forget the repeated ones.
  const spawn = (command: string) => adb.subprocess.shellProtocol!.spawn([command]);
  return {
    async run(command, input) {
      const started = await spawn(command);
      const written = writeAll(started.stdin, input);
      const [stdout, stderr, code] = await Promise.all([
        collect(started.stdout),
        collect(started.stderr),
        started.exited,
        written,
      ]);
      return { code, stdout, stderr };
    },
    start: async (command) => processOf(adb, await spawn(command)),
  };
}

type Process = Awaited<ReturnType<NonNullable<Adb["subprocess"]["shellProtocol"]>["spawn"]>>;

// A packet of the protocol holds what the receiver has to keep at once.
const pieceBytes = 32 * 1024;

async function writeAll(stdin: Process["stdin"], input: Uint8Array | undefined): Promise<void> {
  const writer = stdin.getWriter();
  for (let at = 0; at < (input?.length ?? 0); at += pieceBytes)
    await writer.write(input!.subarray(at, at + pieceBytes));
  await writer.close();
}

async function collect(stream: Process["stdout"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream as unknown as AsyncIterable<Uint8Array>) {
    text = (text + decoder.decode(piece, { stream: true })).slice(-64 * 1024);
  }
  return text;
}

function processOf(adb: Adb, started: Process): RunnerProcess {
  const writer = started.stdin.getWriter();
  const stderr = collect(started.stderr).catch(() => "");
  return {
    write: (text) => void writer.write(new TextEncoder().encode(text)).catch(() => {}), // its end is told below
    onOutput(listener) {
      const read = async () => {
        for await (const piece of started.stdout as unknown as AsyncIterable<Uint8Array>) listener(piece);
      };
      read().catch(() => {});
    },
    onEnd(listener) {
      const ended = started.exited.then(
        async (code) => `the job runner ended with ${code}: ${lastLine(await stderr)}`.replace(/: $/, ""),
        () => "the connection broke",
      );
      void ended.then(listener);
    },
    async close() {
      await writer.close().catch(() => {});
      await started.kill();
      await adb.close();
    },
  };
}
