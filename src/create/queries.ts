// The queries that a finished model is shown with, and what would run on the phone for each answer.
import { HandheldError } from "../errors.ts";
import { createAdbExecutor } from "../functions/executors/index.ts";
import type { Call, CallDataset } from "../functions/types.ts";
import type { Caller } from "../generate/calls.ts";
import type { AnsweredQuery } from "./types.ts";

const catalogueQueries = [
  "wake me up at 8",
  "set a timer for ten minutes and open the bluetooth settings",
  "look for a pharmacy near the central station",
  "please call 555 0134",
  "text 5550199 that I will be late",
];

/** Five queries to show: fixed ones for the built-in catalogue, else the first of the test split. */
export function exampleQueries(dataset: CallDataset, builtIn: boolean): string[] {
  return builtIn ? catalogueQueries : dataset.test.slice(0, 5).map((sample) => sample.query);
}

/** A query's calls and their commands. */
export function answerQuery(caller: Caller, query: string): AnsweredQuery {
  const { format, functions } = caller.codec;
  const { calls } = caller.call(query);
  // Rendered anew: in the model's own text a space stands before each value.
  return { query, calls, text: format.render(calls, functions), commands: calls.map(describeCommand) };
}

const adb = createAdbExecutor();

/** The Android command of a call as one would type it, or why there is none. */
export function describeCommand(call: Call): { command: string | null; reason?: string } {
  try {
    return { command: adb.describe(call) };
  } catch (error) {
    if (!(error instanceof HandheldError)) throw error;
    return { command: null, reason: error.message };
  }
}
