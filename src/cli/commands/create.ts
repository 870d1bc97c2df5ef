// handheld create: from nothing (or from your data) to a function-calling model that runs on this device.
import type { CreateOptions } from "../../create/types.ts";
import { type Action, defineFrame, type OptionsOf } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { flag } from "../options.ts";
import { architectureOptions, dataOptions, readRecipe, recipeOptions, runOptions } from "./shared.ts";

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

export const runCreate: Action<typeof createFrame> = async (line, io) => {
  const { create } = await import("../../create/create.ts");
  const { createPrinter } = await import("../create-printer.ts");
  const result = await create(await createOptions(line, io), createPrinter(io));
  io.result({ ...result });
  if (!io.interactive || !line.prompt) return;
  const { converse } = await import("../converse.ts");
  io.print("\nType a query (Ctrl-D ends):");
  await converse(`${result.dir}/int4`, line.threads, "adb", io);
};

/** The pipeline's options of a command line. */
export async function createOptions(line: Omit<CreateLine, "prompt" | "json">, io: CommandIo): Promise<CreateOptions> {
  const { recipe, epochs, minutes, learningRate, ...options } = line;
  return { ...options, recipe: await readRecipe({ recipe, epochs, minutes, learningRate }), signal: io.signal };
}
