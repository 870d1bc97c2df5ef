// A Device over a runner (./runner.ts) whose standard input and output somebody else carries: ssh, adb, a child process.
import * as z from "zod";
import { ChannelDevice } from "../channel-device.ts";
import { DeviceError } from "../errors.ts";
import { createLineReader } from "./lines.ts";

/** The two ends of a runner, and the news of its end. */
export interface RunnerProcess {
  write(text: string): void;
  /** Both are called from the next turn of the event loop on. */
  onOutput(listener: (piece: Uint8Array) => void): void;
  /** `reason` in words: what it exited with, its last words on standard error. */
  onEnd(listener: (reason: string) => void): void;
  /** Closes its input and lets go of the connection. */
  close(): Promise<void>;
}

const hello = z.object({
  type: z.literal("hello"),
  facts: z.object({ runtime: z.object({ version: z.string().max(100) }), arch: z.string().max(100) }),
});

/**
 * Waits for the runner's hello and makes a device of it.
 *
 * @throws DeviceError `missing` when it ends before or says something else; `lost` when it takes longer than `seconds`
 */
export async function connectRunner(name: string, runner: RunnerProcess, seconds = 30): Promise<ChannelDevice> {
  const greeted = Promise.withResolvers<void>();
  let device: ChannelDevice | null = null;
  const fail = (error: DeviceError) => {
    greeted.reject(error);
    device?.lost(error);
  };
  const reader = createLineReader((value) => {
    if (device !== null) return device.reply(value);
    if (!hello.safeParse(value).success) throw new Error("it is not our runner");
    device = new ChannelDevice({ name, channel: channelTo(runner) });
    greeted.resolve();
  });
  runner.onOutput((piece) => {
    try {
      reader.push(piece);
    } catch (cause) {
      const problem = cause instanceof DeviceError ? cause : null;
      fail(problem ?? new DeviceError("invalid-reply", name, (cause as Error).message, { cause }));
    }
  });
  runner.onEnd((reason) => fail(new DeviceError(device === null ? "missing" : "lost", name, reason)));
  const late = () => fail(new DeviceError("lost", name, `the job runner did not start within ${seconds} s`));
  const timer = setTimeout(late, seconds * 1000);
  try {
    await greeted.promise;
    return device!;
  } catch (error) {
    await runner.close().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function channelTo(runner: RunnerProcess) {
  return {
    send: (command: unknown) => runner.write(`${JSON.stringify(command)}\n`),
    close: () => runner.close(),
  };
}
