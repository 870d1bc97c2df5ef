// Public names of handheld/results: records of what models can do and cost, their folder, and their comparison. Node only.
export { parseRecord } from "./parse.ts";
export { type CallsRecord, callsRecordSchema, type ResultRecord, recordSchema, recordVersion } from "./record.ts";
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
