// A training run to be killed: prints one JSON event per line. Usage: node interrupted-run.case.ts CHECKPOINT [--resume]
import { writeSync } from "node:fs";
import { createReferenceBackend } from "../kernels/index.ts";
import { createTrainable } from "../model/trainable.ts";
import { createSpec } from "../spec/spec.ts";
import { fileCheckpoints } from "./checkpoint.ts";
import { copyTask } from "./copy-task.case.ts";
import { train } from "./loop.ts";
import { createRecipe } from "./recipe.ts";

const [path, flag] = process.argv.slice(2);
const spec = createSpec({ layers: 1, width: 8, ffnWidth: 16, heads: 2, vocabulary: 10, context: 16 });
const recipe = createRecipe({
  length: { steps: 30 },
  batchTokens: 40,
  accumulate: 2,
  dropout: 0.1,
  ema: 0.9,
  labelSmoothing: 0.1,
  quantizeRatio: 0.7,
  validations: 3,
});
const model = createTrainable(createReferenceBackend(), spec);
const options = { checkpoints: fileCheckpoints(path!), checkpointSeconds: 0, resume: flag === "--resume" };
for await (const event of train(model, copyTask(24), recipe, options)) writeSync(1, `${JSON.stringify(event)}\n`);
