// Schemas from samples.

import type { FunctionSchema, Sample } from "./types.ts";

export declare function inferSchemas(samples: readonly Sample[]): FunctionSchema[];
