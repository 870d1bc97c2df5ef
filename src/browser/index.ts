// Public names of handheld/browser: the engine in a Web Worker, for pages. See docs/browser.md.
export { ContextOverflowError, type ErrorCode, HandheldError } from "../errors.ts";
export type { Call, FunctionSchema } from "../functions/types.ts";
export type { CallResult } from "../generate/calls.ts";
export type { GenerateEvent } from "../generate/generate.ts";
export { type CachedModel, clearCache, listCache } from "./cache.ts";
export { type BrowserModel, type LoadModelOptions, loadModel } from "./model.ts";
export type { EngineOptions, LoadProgress, ModelInfo, ModelLocation, TextOptions } from "./protocol.ts";
