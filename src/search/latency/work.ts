// How the engine counts work and splits its queue into lists, on which it decides whether a list is worth several
// threads. Must agree with kernels/wasm/commands.ts; work.test.ts holds them together.
import { QUEUE_COMMANDS } from "../../kernels/wasm/assembly/op.ts";
import type { RowKind } from "./plan.ts";

/** Commands that run together at most. */
export const commandsPerList = QUEUE_COMMANDS;

const perNumber: Record<RowKind, number> = {
  gather: 8,
  quantize: 8,
  rmsNorm: 8,
  layerNorm: 8,
  rope: 8,
  relu: 16,
  silu: 16,
  gelu: 16,
  kvAppend: 0,
  add: 4,
  argmax: 0,
};

/** Work in int4 multiply-adds. */
export const operationWork = {
  matmul: (N: number, M: number, K: number) => N * M * K,
  attention: (N: number, position: number, H: number, D: number) => 2 * N * (position + N) * H * D,
  rows: (kind: RowKind, N: number, width: number) => perNumber[kind] * N * width,
};
