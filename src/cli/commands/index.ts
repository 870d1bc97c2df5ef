// The commands of `handheld`, in the order that help lists them. A new command: its file here and one line below.
import { type RegisteredCommand, register } from "../command.ts";
import { benchFrame, runBench } from "./bench.ts";
import { createFrame } from "./create.ts";
import { deviceFrame, runDevice } from "./device.ts";
import { evalFrame } from "./eval.ts";
import { quantizeFrame } from "./quantize.ts";
import { runFrame } from "./run.ts";
import { trainFrame } from "./train.ts";

export const commands: readonly RegisteredCommand[] = [
  register(createFrame, async () => (await import("./create.ts")).runCreate),
  register(trainFrame, async () => (await import("./train.ts")).runTrain),
  register(quantizeFrame, async () => (await import("./quantize.ts")).runQuantize),
  register(runFrame, async () => (await import("./run.ts")).runRun),
  register(evalFrame, async () => (await import("./eval.ts")).runEval),
  register(benchFrame, runBench),
  register(deviceFrame, runDevice),
];
