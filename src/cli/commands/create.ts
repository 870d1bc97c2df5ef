// handheld create: from nothing (or from your data) to a function-calling model that runs on this device.
import { defineFrame, type OptionsOf } from "../command.ts";
import { flag } from "../options.ts";
import { architectureOptions, dataOptions, recipeOptions, runOptions } from "./shared.ts";

export const createFrame = defineFrame({
  name: "create",
  summary: "Make a function-calling model for this device, from nothing or from your data",
  details:
    "Measures the device, prepares the data, searches an architecture, trains it, quantises it to int4, and shows what it\n" +
    "can do. Everything lands in runs/<name>/: models, settings, metrics and report.html. About 10 minutes on 2 cores.",
  arguments: {},
  options: {
    ...runOptions,
    ...dataOptions,
    ...architectureOptions,
    ...recipeOptions,
    prompt: flag("--no-prompt", "do not offer a prompt to type at when it is done"),
  },
  examples: [
    ["create", "24 Android functions, 10,000 generated samples, a searched architecture"],
    ["create --data calls.jsonl --functions functions.json --name my-app", "your own functions and samples"],
    ["create --data snips --max-parameters 3M --minutes 20", "a folder in the SNIPS layout, 20 minutes of training"],
    ["create --name my-app --resume", "go on after an interruption"],
  ],
});

/** The parsed command line of `handheld create`. */
export type CreateLine = OptionsOf<typeof createFrame>;
