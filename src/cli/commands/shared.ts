// Options that several commands share: where call data comes from, and how to train.
import { HandheldError } from "../../errors.ts";
import { pathExists, readJsonFile } from "../../io.ts";
import type { CommandIo } from "../io.ts";
import { choice, flag, integer, number, text, UsageError } from "../options.ts";

/** Names of the call formats, for `--format`. */
export const formatNames = ["code_short", "code", "json_short", "json"] as const;

/** A folder that a command is to make must not be there. @throws HandheldError `invalid-option` */
export async function refuseExisting(out: string): Promise<void> {
  if (await pathExists(out)) throw new HandheldError("invalid-option", `${out} exists already; give a new folder`);
}

/** Shows how many of how many. */
export interface Shown {
  update(done: number, total: number): void;
  finish(note?: string): void;
}

/** Shows things as they are done. */
export function showCounts(title: string, unit: string, io: CommandIo): Shown {
  const progress = io.progress(title, { unit });
  return { update: (done, total) => progress.update(done, "", total), finish: progress.finish };
}

/** Shows weights as they are written. */
export function showWeights(title: string, io: CommandIo): Shown {
  const { update, finish } = showCounts(title, "million weights", io);
  const millions = (weights: number) => Math.round(weights / 1e5) / 10;
  return { update: (done, total) => update(millions(done), millions(total)), finish };
}

/** How a float model's weights are held in memory. */
export const weightsOption = choice(
  "--weights <format>",
  "in memory, of a model stored as floats; auto: int4 where f32 takes over 1 GB",
  ["auto", "f32", "int8", "int4"],
  "auto",
);

/** Where records of evaluations are, unless a command line says otherwise. */
export const resultsFolder = "runs/results";

/** Where queries and calls come from. */
export const dataOptions = {
  data: text(
    "--data <path>",
    "call data: a JSONL file, or a folder with label, seq.in, seq.out per split (default: generated)",
  ),
  functions: text("--functions <file>", "JSON file with the functions' schemas (default: inferred from the data)"),
  samples: integer("--samples <n>", "samples to generate when there is no --data", { min: 100, max: 1e6 }, 10_000),
  skipBad: flag("--skip-bad", "count malformed lines and leave them out instead of stopping"),
};

/** How to train. */
export const recipeOptions = {
  recipe: text("--recipe <file>", "JSON file with fields of the recipe"),
  epochs: number("--epochs <n>", "train for so many passes over the data", { min: 0.01, max: 1e4 }),
  minutes: number("--minutes <n>", "train for so long instead", { min: 0.01, max: 1e5 }),
  learningRate: number("--learning-rate <x>", "peak learning rate", { min: 1e-7, max: 1 }),
};

/** Which architectures to consider. */
export const architectureOptions = {
  spec: text("--spec <spec>", "use this architecture (preset or JSON file) instead of searching for one"),
  minParameters: integer("--min-parameters <n>", "least parameters that the search may spend", { min: 1000 }),
  maxParameters: integer("--max-parameters <n>", "most parameters that the search may spend", { min: 1000 }),
  vocabulary: integer("--vocabulary <n>", "most tokens of the vocabulary", { min: 300, max: 65_536 }),
  format: choice("--format <name>", "how calls are written", formatNames, "code_short"),
};

/** Where a run's folder goes. */
export const runOptions = {
  name: text("--name <name>", "name of the run and of its folder"),
  out: text("--out <dir>", "folder that holds the runs", "runs"),
  resume: flag("--resume", "continue the run of this name where it was interrupted"),
  checkpointSeconds: number("--checkpoint-seconds <n>", "seconds between checkpoints", { min: 0 }, 30),
};

/** Fields of a recipe from its file and the options that override them. */
export async function readRecipe(line: {
  recipe: string | undefined;
  epochs: number | undefined;
  minutes: number | undefined;
  learningRate: number | undefined;
}): Promise<Record<string, unknown>> {
  const { epochs, minutes, learningRate } = line;
  if (epochs !== undefined && minutes !== undefined) {
    throw new UsageError("--epochs and --minutes both say how long to train; give one");
  }
  const fields = line.recipe === undefined ? {} : await readJsonFile(line.recipe);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new HandheldError("invalid-file", `${line.recipe}: a recipe is a JSON object with learningRate, length, …`);
  }
  return {
    ...fields,
    ...(epochs === undefined ? {} : { length: { epochs } }),
    ...(minutes === undefined ? {} : { length: { minutes } }),
    ...(learningRate === undefined ? {} : { learningRate }),
  };
}
