// handheld train: trains one given architecture on call data; no search, no quantising.
import { type Action, defineFrame } from "../command.ts";
import { choice, integer, required } from "../options.ts";
import { dataOptions, formatNames, readRecipe, recipeOptions, runOptions } from "./shared.ts";

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
  },
  examples: [
    ["train configs/calls-1m.json", "train a spec on the generated catalogue data"],
    ["train configs/calls-1m.json --data snips --epochs 30 --name snips", "on your own data"],
    ["train configs/calls-1m.json --name snips --resume", "go on after an interruption"],
  ],
});

export const runTrain: Action<typeof trainFrame> = async (line, io) => {
  const { trainModel } = await import("../../create/create.ts");
  const { createPrinter } = await import("../create-printer.ts");
  const { recipe, epochs, minutes, learningRate, ...options } = line;
  const fields = await readRecipe({ recipe, epochs, minutes, learningRate });
  const result = await trainModel({ ...options, recipe: fields, signal: io.signal }, createPrinter(io));
  io.print(
    `\n  the float model is in ${result.dir}/float; shrink it with: handheld quantize ${result.dir}/float ${result.dir}/int4`,
  );
  io.result({ ...result });
};
