// Reference operations of inference on packed int4 weights, the KV cache and argmax.
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";

type InferenceOps = Pick<
  Backend,
  "gatherInt4" | "quantizeRows" | "matmulInt4" | "kvAppend" | "attentionCached" | "argmax"
>;

const todo = () => {
  throw new Error("not written");
};

export function inferenceOps(_m: Memory): InferenceOps {
  return {
    gatherInt4: todo,
    quantizeRows: todo,
    matmulInt4: todo,
    kvAppend: todo,
    attentionCached: todo,
    argmax: todo,
  };
}
