// Public names of handheld/create: the whole pipeline.
export { create, trainModel } from "./create.ts";
export type { AnsweredQuery, CreateEvent, CreateOptions, CreateResult, DataSummary, Stage } from "./types.ts";
