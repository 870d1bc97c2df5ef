// What the loaders of call data take and give, and how they count bad lines.

import { DataError } from "../../errors.ts";
import type { CallDataset, FunctionSchema } from "../types.ts";

/** Options of every loader. */
export interface LoadOptions {
  /** The functions; taken from the `tools` of the lines, or inferred from the answers, when absent. */
  functions?: readonly FunctionSchema[] | undefined;
  /** Seed of the 80/10/10 split of a single file; 1 when absent. */
  seed?: number | undefined;
  /** Count and leave out malformed lines instead of throwing. */
  skipBad?: boolean | undefined;
  /** For scoring only: functions may be without training samples. */
  scoring?: boolean | undefined;
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

/** The splits of a data set. */
export const SPLITS = ["train", "validation", "test"] as const;
export type Split = (typeof SPLITS)[number];

/** Reasons that are kept in full. */
const MAX_REASONS = 5;

/** Throws on a bad line, or counts it when told to skip. */
export class BadLines {
  skipped = 0;
  readonly reasons: string[] = [];
  readonly #skip: boolean;

  constructor(skip: boolean) {
    this.#skip = skip;
  }

  /** Runs `read`; a DataError is counted (and undefined returned) when skipping, else thrown. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!this.#skip || !(error instanceof DataError)) throw error;
      this.skipped++;
      if (this.reasons.length < MAX_REASONS) this.reasons.push(error.message);
      return undefined;
    }
  }
}
