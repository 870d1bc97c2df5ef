// Function schemas: reading the three forms they come in, and checking calls against them.

import type { Call, FunctionSchema } from "./types.ts";

export declare function parseFunctions(value: unknown, where?: string): FunctionSchema[];
export declare function validateCall(call: Call, functions: readonly FunctionSchema[]): void;
export declare function validateCalls(calls: readonly Call[], functions: readonly FunctionSchema[]): void;
