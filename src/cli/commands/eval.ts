// handheld eval: accuracy and soft accuracy of a model on call data.
import { defineFrame, type OptionsOf } from "../command.ts";
import { choice, flag, integer, required, text } from "../options.ts";

export const evalFrame = defineFrame({
  name: "eval",
  summary: "Score a model on call data: accuracy and soft accuracy",
  details:
    "Accuracy: all calls and all arguments right. Soft accuracy: share of right arguments. Both 0..1, higher is better.",
  arguments: { model: required("<model>", "model directory") },
  options: {
    data: text("--data <path>", "call data (default: what the model was trained on, or the generated catalogue data)"),
    functions: text("--functions <file>", "JSON file with the functions' schemas (default: the model's)"),
    split: choice("--split <name>", "which split to score", ["test", "validation", "train"], "test"),
    samples: integer("--samples <n>", "score at most so many, evenly spread", { min: 1 }),
    skipBad: flag("--skip-bad", "count malformed lines and leave them out instead of stopping"),
    errors: text("--errors <file>", "write the wrong answers to this file, one JSON object a line"),
  },
  examples: [
    ["eval runs/calls/int4", "score the held-out queries of the run's own data"],
    ["eval runs/snips/int4 --data snips --json", "score the SNIPS test split; JSON for scripts"],
  ],
});

/** The parsed command line of `handheld eval`. */
export type EvalLine = OptionsOf<typeof evalFrame>;
