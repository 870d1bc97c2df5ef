// Public names of handheld/results: records of what models can do and cost, their folder, and their comparison. Node only.
export { type Comparison, compareRecords, type MetricComparison, type TestMethod } from "./compare.ts";
export type { CostComparison } from "./compare-cost.ts";
export { createRecord, type RecordParts } from "./create.ts";
export { recordsToCsv } from "./csv.ts";
export { identifyModel } from "./identify.ts";
export { parseRecord } from "./parse.ts";
export { type CallsRecord, callsRecordSchema, type ResultRecord, recordSchema, recordVersion } from "./record.ts";
export { readSamples, type SampleValues, type SampleWriter, samplesFileOf, writeSamples } from "./samples.ts";
export {
  fastestPoint,
  findRecord,
  mainMetric,
  type RecordFilter,
  type RecordOrder,
  recordOrders,
  scoreOf,
  selectRecords,
  sortRecords,
} from "./select.ts";
export { appendRecord, newRecordId, type Problem, readRecords, type StoredResults } from "./store.ts";
