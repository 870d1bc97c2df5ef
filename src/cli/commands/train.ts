// handheld train: trains one given architecture on call data; no search, no quantising.
import { defineFrame, type OptionsOf } from "../command.ts";
import { choice, integer, required, text } from "../options.ts";
import { dataOptions, formatNames, recipeOptions, runOptions } from "./shared.ts";

export const trainFrame = defineFrame({
  name: "train",
  summary: "Train an architecture from random weights on call data",
  details: "Writes the float model, checkpoints and metrics to runs/<name>/. `handheld quantize` makes it small.",
  arguments: { spec: required("<spec>", "preset, JSON file with a spec, or model directory whose shape is used") },
  options: {
    ...runOptions,
    ...dataOptions,
    ...recipeOptions,
    vocabulary: integer("--vocabulary <n>", "most tokens of the vocabulary", { min: 300, max: 65_536 }),
    format: choice("--format <name>", "how calls are written", formatNames, "code_short"),
    tokenizer: text("--tokenizer <file>", "tokenizer.json to use (default: learned from the data)"),
  },
  examples: [
    ["train configs/call-2m.json", "train a spec on the generated catalogue data"],
    ["train configs/call-2m.json --data snips --epochs 30 --name snips", "on your own data"],
    ["train configs/call-2m.json --name snips --resume", "go on after an interruption"],
  ],
});

/** The parsed command line of `handheld train`. */
export type TrainLine = OptionsOf<typeof trainFrame>;
