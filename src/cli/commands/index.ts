// The commands of `handheld`, in the order that help lists them. A new command: its file here and one line below.
import { type RegisteredCommand, register } from "../command.ts";
import { benchFrame } from "./bench.ts";
import { deviceFrame } from "./device.ts";

export const commands: readonly RegisteredCommand[] = [
  register(benchFrame, async () => (await import("./bench.ts")).runBench),
  register(deviceFrame, async () => (await import("./device.ts")).runDevice),
];
