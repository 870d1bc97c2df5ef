// handheld/functions: schemas, call formats, constrained decoding, metrics and data loaders.

export { ANDROID_CATALOGUE, MIME_TYPES, SETTINGS_PAGES, WEEKDAYS } from "./catalogue/index.ts";
export { createConstrainer } from "./constrain/constrainer.ts";
export { applyMask } from "./constrain/mask.ts";
export type {
  Automaton,
  Constrainer,
  ConstrainerOptions,
  Grammar,
  GrammarOptions,
  State,
  TokenConstraint,
  TokenMask,
} from "./constrain/types.ts";
export { loadCalls, loadFunctions } from "./data/load.ts";
export type { LoadedCalls, LoadOptions } from "./data/types.ts";
export {
  type AdbOptions,
  adbExecutor,
  createAdbExecutor,
  createDryRunExecutor,
  createTermuxExecutor,
  createWebExecutor,
  dryRunExecutor,
  EXECUTORS,
  type ExecuteOptions,
  type Execution,
  type Executor,
  termuxExecutor,
  type WebOptions,
} from "./executors/index.ts";
export type { CallFormat, Part } from "./formats/format.ts";
export { callFormats, getCallFormat } from "./formats/registry.ts";
export {
  type DatasetDescription,
  describeDataset,
  type GenerateOptions,
  generateDataset,
  kindOf,
  type SampleKind,
  type SplitDescription,
} from "./generator/index.ts";
export { inferSchemas } from "./infer.ts";
export { accuracy, type CallScores, callsEqual, type ScoredPair, scoreCalls, softAccuracy } from "./metrics.ts";
export { asReference, type Reference, referenceFits, referenceName, referencesBefore } from "./references.ts";
export {
  createRetriever,
  type RankedFunction,
  type RetrievalScores,
  type Retriever,
  type RetrieverOptions,
  scoreRetrieval,
} from "./retrieve.ts";
export { NAME_PATTERN, parseFunctions } from "./schema.ts";
export { isSpan, normalizeSpace, type SpanEdges, spanEdges } from "./spans.ts";
export type { Call, CallDataset, FunctionSchema, Json, ParameterSchema, Sample } from "./types.ts";
export { canonicalCalls, validateCall, validateCalls } from "./validate.ts";
