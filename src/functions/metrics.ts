// The two metrics of function calling (PhoneLM, "Function Call" evaluation): accuracy and soft accuracy.

import type { Call, FunctionSchema } from "./types.ts";

/** A prediction beside the truth; `predicted` is null when the output did not parse. */
export interface ScoredPair {
  predicted: readonly Call[] | null;
  expected: readonly Call[];
}

/** Both metrics, 0..1, higher is better. */
export interface CallScores {
  accuracy: number;
  softAccuracy: number;
  samples: number;
}

export declare function callsEqual(
  predicted: readonly Call[] | null,
  expected: readonly Call[],
  functions: readonly FunctionSchema[],
): boolean;
export declare function accuracy(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): number;
export declare function softAccuracy(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): number;
export declare function scoreCalls(pairs: readonly ScoredPair[], functions: readonly FunctionSchema[]): CallScores;
