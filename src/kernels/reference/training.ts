// Reference operations of training: matrix products, attention within segments, losses, AdamW.
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";

type TrainingOps = Pick<
  Backend,
  | "gemm"
  | "activateBackward"
  | "attention"
  | "attentionBackward"
  | "dropout"
  | "logSumExp"
  | "crossEntropy"
  | "sumSquares"
  | "adamw"
>;

const todo = () => {
  throw new Error("not written");
};

export function trainingOps(_m: Memory): TrainingOps {
  return {
    gemm: todo,
    activateBackward: todo,
    attention: todo,
    attentionBackward: todo,
    dropout: todo,
    logSumExp: todo,
    crossEntropy: todo,
    sumSquares: todo,
    adamw: todo,
  };
}
