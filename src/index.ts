// The few public names that most programs need; the rest is under handheld/<folder>.
export { create } from "./create/create.ts";
export type { CreateEvent, CreateOptions, CreateResult } from "./create/types.ts";
export { type ErrorCode, HandheldError } from "./errors.ts";
export { loadCallModel } from "./generate/call-model.ts";
export { generate } from "./generate/generate.ts";
export { createBackend } from "./kernels/index.ts";
export { loadModel } from "./model/load.ts";
export { createSpec, type Spec } from "./spec/spec.ts";
