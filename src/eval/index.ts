// Public names of handheld/eval.
export {
  type CallEvaluation,
  type CallEvaluationOptions,
  evaluateCalls,
  type FunctionCounts,
  spread,
} from "./calls.ts";
