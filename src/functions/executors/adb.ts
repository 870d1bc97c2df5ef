// Android over a cable or network: `adb shell am start …`. adb sends its arguments to the device as one line for the
// device's shell, so the remote command is quoted for that shell; on this side no shell takes part.

import { amStart } from "./am.ts";
import { defineExecutor, type Executor } from "./executor.ts";
import { intentFor } from "./intents/index.ts";
import { quoteAll } from "./quote.ts";
import { runCommand } from "./spawn.ts";

export interface AdbOptions {
  /** Serial number of the device, as `adb devices` lists it; needed only when several are connected. */
  serial?: string | undefined;
  /** What relative dates refer to; the current time by default. */
  now?: (() => Date) | undefined;
}

/**
 * An executor for an Android device that adb reaches.
 *
 * @example
 * ```ts
 * createAdbExecutor().describe({ name: "show_alarms", arguments: {} });
 * // adb shell 'am start -a android.intent.action.SHOW_ALARMS'
 * ```
 */
export function createAdbExecutor({ serial, now = () => new Date() }: AdbOptions = {}): Executor {
  const commandFor: Executor["commandFor"] = (call) => {
    const remote = quoteAll(amStart(intentFor(call, "adb", now())));
    return ["adb", ...(serial === undefined ? [] : ["-s", serial]), "shell", remote];
  };
  return defineExecutor({ name: "adb", commandFor, describe: (call) => quoteAll(commandFor(call)), run: runCommand });
}
