// What report.html shows, as plain data. Nothing here computes; every list may be empty and every `null` leaves its part out.

/** One run, from data to the numbers of the finished model. */
export interface ReportData {
  /** Name of the run. */
  name: string;
  /** When it finished, ISO 8601. */
  date: string;
  headline: Headline;
  data: DataFacts;
  training: TrainingCurve;
  search: SearchTable | null;
  examples: ExampleQuery[];
  functions: FunctionScore[];
  /** Settings of the run, shown as they are: architecture, recipe, seeds, versions. Nested objects are allowed. */
  config: Readonly<Record<string, unknown>>;
  device: DeviceFacts | null;
}

/** The numbers at the top. Accuracies are of the test split, 0..1. */
export interface Headline {
  /** Of the int4 model. */
  accuracy: number;
  softAccuracy: number;
  /** Of the float model it was made from. */
  floatAccuracy: number;
  floatSoftAccuracy: number;
  testSamples: number;
  parameters: number;
  int4Bytes: number;
  floatBytes: number;
  decodeTokensPerSecond: number;
  prefillTokensPerSecond: number;
  /** Wall time of the whole run. */
  seconds: number;
}

/** Where the samples came from. */
export interface DataFacts {
  source: string;
  functions: number;
  train: number;
  validation: number;
  test: number;
}

/** The run's curves; steps count from 1. */
export interface TrainingCurve {
  /** Training loss per step (or every few), nats. */
  loss: { step: number; loss: number }[];
  validations: { step: number; loss: number | null; accuracy: number | null; softAccuracy: number | null }[];
  seconds: number;
  tokensPerSecond: number;
  gflops: number;
}

/** The architectures that were looked at. */
export interface SearchTable {
  /** What varied, in words. */
  space: string;
  /** Architectures in the space, measured or not. */
  size: number;
  /** The rule of the choice, in words. */
  rule: string;
  rows: SearchEntry[];
}

/** One measured architecture. */
export interface SearchEntry {
  layers: number;
  /** Times each block runs. */
  layerRepeat: number;
  width: number;
  ffnWidth: number;
  heads: number;
  kvHeads: number;
  activation: string;
  parameters: number;
  /** Predicted loss ÷ the best predicted one. */
  relativeLoss: number;
  decodeTokensPerSecond: number;
  prefillTokensPerSecond: number;
  /** Seconds per typical request. */
  requestSeconds: number;
  chosen: boolean;
}

/** A query, what the model made of it, and what Android would be told. */
export interface ExampleQuery {
  query: string;
  /** The calls as text; null when the output was none. */
  calls: string | null;
  /** The right answer as text, where it is known. */
  expected: string | null;
  correct: boolean | null;
  /** One per call: the command, or why there is none. */
  commands: { command: string | null; reason?: string | undefined }[];
}

/** How well one function is understood. */
export interface FunctionScore {
  name: string;
  /** Test samples whose right answer calls it. */
  samples: number;
  /** Share of them that is entirely right, 0..1. */
  accuracy: number;
  /** Functions called in its place, most frequent first. */
  confusedWith: { name: string; count: number }[];
}

/** What a device profile says, as far as the report shows it. DeviceProfile of src/devices fits. */
export interface DeviceFacts {
  platform: string;
  arch: string;
  cpuModel: string | null;
  cores: number;
  memoryBytes: number | null;
  runtime: { name: string; version: string };
  simd: string;
  threads: number;
  speeds: readonly {
    threads: number;
    readGBps: number;
    matvecGBps: number;
    matvecGmacps: number;
    matmulGmacps: number;
  }[];
}
