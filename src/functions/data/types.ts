// What the loaders of call data take and give.

import type { CallDataset, FunctionSchema } from "../types.ts";

/** Options of every loader. */
export interface LoadOptions {
  /** The functions; inferred from the answers (or taken from the `tools` of each line) when absent. */
  functions?: readonly FunctionSchema[] | undefined;
  /** Seed of the 80/10/10 split of a single file; 1 when absent. */
  seed?: number | undefined;
  /** Count and leave out malformed lines instead of throwing. */
  skipBad?: boolean | undefined;
}

/** A data set and what was left out on the way. */
export interface LoadedCalls {
  dataset: CallDataset;
  /** Lines left out because they were malformed (`skipBad`). */
  skipped: number;
  /** The first few reasons, `file:line: reason`. */
  reasons: string[];
  /** Samples left out because the same query came before. */
  duplicates: number;
}
