// Public names of handheld/eval: what a model can do, on calls, tasks and long texts.
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
