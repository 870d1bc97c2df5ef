// Public names of handheld/generate: text as a stream of events, and calls from queries.
export { type CallModel, isCallModel, loadCallModel, saveCallFiles } from "./call-model.ts";
export { type Caller, type CallerOptions, type CallResult, createCaller } from "./calls.ts";
export { type FinishReason, type GenerateEvent, type GenerateOptions, generate, type TextModel } from "./generate.ts";
export { createSampler, type Sampler, type SamplingOptions } from "./sampler.ts";
