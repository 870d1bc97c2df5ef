// Finds out what kind of call data a path holds and loads it.

import type { FunctionSchema } from "../types.ts";
import type { LoadedCalls, LoadOptions } from "./types.ts";

export declare function loadCalls(path: string, options?: LoadOptions): Promise<LoadedCalls>;
export declare function loadFunctions(path: string): Promise<FunctionSchema[]>;
