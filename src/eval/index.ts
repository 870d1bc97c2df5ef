// Public names of handheld/eval: what a model can do, on calls, tasks and long texts.

export type { CallAnswer, TunedModel } from "./calls/answers.ts";
export { type Comparison, type ComparisonRules, loadRules, shippedRules } from "./calls/comparison.ts";
export {
  type CallData,
  callsRecord,
  evaluateProtocol,
  exactCallsRecord,
  type ProtocolOptions,
  type ProtocolResult,
  type ScoredSample,
} from "./calls/evaluate.ts";
export type { CallMetric, CallProtocol } from "./calls/protocol.ts";
export { callProtocols, type ProtocolName } from "./calls/protocols.ts";
export { type RougeScores, rouge } from "./calls/rouge.ts";
export {
  type CallEvaluation,
  type CallEvaluationOptions,
  evaluateCalls,
  type FunctionCounts,
  spread,
} from "./calls.ts";
export { type EvaluateOptions, evaluateTasks, type ModelToEvaluate, type Sample } from "./evaluate.ts";
export { hashModel } from "./model-hash.ts";
export { evaluateNeedle, type NeedleOptions } from "./needle.ts";
export {
  type Evaluation,
  evaluationSchema,
  evaluationVersion,
  type Metric,
  type NeedleResult,
  needleSchema,
  type TaskResult,
  taskResultSchema,
} from "./result.ts";
export { shippedSuites, shippedTasks } from "./shipped.ts";
export { loadSuite, type Suite, suiteNames, suiteTasks } from "./suites.ts";
export {
  type Definition,
  type Fault,
  type GroupDefinition,
  loadCatalogue,
  loadTaskFile,
  TaskCatalogue,
  type TaskDefinition,
} from "./tasks/catalogue.ts";
export { registerTwin, type TwinKinds } from "./tasks/twins.ts";
