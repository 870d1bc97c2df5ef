// What `create` is asked for and what it reports, stage by stage. Printing is the command line's business.
import type { DeviceProfile } from "../devices/profile.ts";
import type { CallEvaluation } from "../eval/calls.ts";
import type { Call, Sample } from "../functions/types.ts";
import type { Spec } from "../spec/spec.ts";
import type { TrainRecipe } from "../train/recipe.ts";
import type { TrainEvent } from "../train/types.ts";
import type { ArchitectureChoice } from "./architecture.ts";

/** Options of {@link create}. */
export interface CreateOptions {
  /** Name of the run; its folder is `out/name`. Default: `calls`, or the name of the data. */
  name?: string | undefined;
  /** Default `runs`. */
  out?: string | undefined;
  /** Call data to learn from (see `loadCalls`). Default: generated for the built-in Android catalogue. */
  data?: string | undefined;
  /** JSON file with the functions' schemas. Default: inferred from the data. */
  functions?: string | undefined;
  skipBad?: boolean | undefined;
  /** Generated samples. Default 10,000. */
  samples?: number | undefined;
  /** Use this architecture (preset name or file) instead of searching. Its vocabulary is replaced by the run's. */
  spec?: string | undefined;
  /** Parameters that the search may spend. */
  minParameters?: number | undefined;
  maxParameters?: number | undefined;
  /** Fields of the recipe that replace the defaults. */
  recipe?: Record<string, unknown> | undefined;
  /** Most tokens of the vocabulary. Default 3,000 plus the structure tokens. */
  vocabulary?: number | undefined;
  format?: string | undefined;
  seed?: number | undefined;
  threads?: number | undefined;
  /** Seconds between checkpoints of the training; 0: after every step. Default 30. */
  checkpointSeconds?: number | undefined;
  /** Continue the run of this name after it was interrupted. */
  resume?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** The stages, in order. */
export type Stage = "device" | "data" | "architecture" | "training" | "quantising" | "result";

/** What the data stage found. */
export interface DataSummary {
  source: string;
  functions: number;
  train: number;
  validation: number;
  test: number;
  /** Different phrasings per split, where the data was generated. */
  phrasings?: { train: number; validation: number; test: number };
  skipped: number;
  duplicates: number;
  reasons: string[];
  examples: Sample[];
  vocabulary: number;
  /** Tokens of the training split's sequences: mean and longest. */
  meanTokens: number;
  longestTokens: number;
}

/** A query with the model's answer and the Android command of each call (null: cannot be expressed, with the reason). */
export interface AnsweredQuery {
  query: string;
  calls: Call[];
  text: string;
  commands: { command: string | null; reason?: string }[];
}

/** The numbers of a finished run; what `create --json` prints. Accuracies are of the test split, 0..1. */
export interface CreateResult {
  name: string;
  dir: string;
  parameters: number;
  /** Bytes of the int4 model's weights file. */
  sizeBytes: number;
  floatBytes: number;
  seconds: number;
  accuracy: number;
  softAccuracy: number;
  floatAccuracy: number;
  floatSoftAccuracy: number;
  decodeTokensPerSecond: number;
  prefillTokensPerSecond: number;
  trainGflops: number;
  testSamples: number;
}

/** What {@link create} reports. */
export type CreateEvent =
  | { type: "stage"; stage: Stage; title: string }
  | { type: "progress"; stage: Stage; done: number; total: number; note?: string }
  | { type: "device"; profile: DeviceProfile }
  | { type: "data"; summary: DataSummary }
  | { type: "architecture"; spec: Spec; search: ArchitectureChoice | null; parameters: number }
  | { type: "recipe"; recipe: TrainRecipe }
  | { type: "train"; event: TrainEvent }
  | { type: "quantised"; floatBytes: number; int4Bytes: number }
  | { type: "evaluated"; which: "float" | "int4"; evaluation: CallEvaluation }
  | { type: "queries"; answers: AnsweredQuery[] }
  | { type: "done"; result: CreateResult; report: string };
