// The commands of `handheld`, in the order that help lists them. A new command: its file here and one line below.
import { type RegisteredCommand, register } from "../command.ts";
import { benchFrame, runBench } from "./bench.ts";
import { convertFrame, runConvert } from "./convert.ts";
import { createFrame, runCreate } from "./create.ts";
import { deviceFrame, runDevice } from "./device.ts";
import { evalFrame, runEval } from "./eval.ts";
import { infoFrame, runInfo } from "./info.ts";
import { leaderboardFrame, runLeaderboard } from "./leaderboard.ts";
import { modelsFrame, runModels } from "./models.ts";
import { pullFrame, runPull } from "./pull.ts";
import { quantizeFrame, runQuantize } from "./quantize.ts";
import { resultsFrame, runResults } from "./results.ts";
import { runFrame, runRun } from "./run.ts";
import { runSearch, searchFrame } from "./search.ts";
import { runTrain, trainFrame } from "./train.ts";

export const commands: readonly RegisteredCommand[] = [
  register(createFrame, runCreate),
  register(searchFrame, runSearch),
  register(trainFrame, runTrain),
  register(pullFrame, runPull),
  register(quantizeFrame, runQuantize),
  register(convertFrame, runConvert),
  register(runFrame, runRun),
  register(evalFrame, runEval),
  register(resultsFrame, runResults),
  register(leaderboardFrame, runLeaderboard),
  register(benchFrame, runBench),
  register(deviceFrame, runDevice),
  register(modelsFrame, runModels),
  register(infoFrame, runInfo),
];
