// Entry points of the WASM module: one thread's share of a list of commands, and the dispatch from opcode to kernel.
// Slot order of a command is the order of the kernel's parameters; the TypeScript side is ../commands.ts.
import { fill, copy, add, addBias, axpy, clamp, softCap, gatherRows, scatterAddRows } from "./elementwise";
import { rmsNorm, layerNorm, normParts } from "./norm";
import { rmsNormBackward, layerNormBackward } from "./norm-backward";
import { rope } from "./rope";
import { activate } from "./activation";
import { activateBackward } from "./activation-backward";
import { gemm } from "./gemm";
import { attention } from "./attention";
import { attentionBackward } from "./attention-backward";
import { dropout, logSumExp, crossEntropy } from "./loss";
import { choiceCrossEntropy, choiceHeadBackward } from "./choice-loss";
import { sumSquares, adamw } from "./optimizer";
import { fakeQuantizeInt4 } from "./fake-quantize";
import { gatherInt4, quantizeRows } from "./int4";
import { chooseTiles, matmulInt4 } from "./int4-matmul";
import { countShut, gatedRowsInt4, skipColumnsInt4 } from "./int4-sparse";
import { repackColumns, repackRows } from "./int4-repack";
import { kvAppend, attentionCached, argmax } from "./kv";
import { maskLogits, penalizeRepeats } from "./logits";
import { sample } from "./sampling";
import { packInt4, widen } from "./int4-pack";
import { gatherInt8, packInt8, repackInt8 } from "./int8";
import { matmulInt8 } from "./int8-matmul";
import { alone, awaitWork, barrier, configure, publish, together } from "./control";
import { bookBusy, bookWaiting, isProfiling, startClock } from "./profile";
import {
  COMMAND_BYTES,
  QUEUE,
  OP_FILL,
  OP_COPY,
  OP_ADD,
  OP_AXPY,
  OP_GATHER_ROWS,
  OP_SCATTER_ADD_ROWS,
  OP_RMS_NORM,
  OP_RMS_NORM_BACKWARD,
  OP_LAYER_NORM,
  OP_LAYER_NORM_BACKWARD,
  OP_ROPE,
  OP_ACTIVATE,
  OP_ACTIVATE_BACKWARD,
  OP_GEMM,
  OP_ATTENTION,
  OP_ATTENTION_BACKWARD,
  OP_DROPOUT,
  OP_LOG_SUM_EXP,
  OP_CROSS_ENTROPY,
  OP_SUM_SQUARES,
  OP_ADAMW,
  OP_GATHER_INT4,
  OP_QUANTIZE_ROWS,
  OP_MATMUL_INT4,
  OP_KV_APPEND,
  OP_ATTENTION_CACHED,
  OP_ARGMAX,
  OP_FAKE_QUANTIZE_INT4,
  OP_CHOICE_CROSS_ENTROPY,
  OP_CHOICE_HEAD_BACKWARD,
  OP_GATED_ROWS_INT4,
  OP_SKIP_COLUMNS_INT4,
  OP_COUNT_SHUT,
  OP_REPACK_INT4,
  OP_MASK_LOGITS,
  OP_PENALIZE_REPEATS,
  OP_SAMPLE,
  OP_CLAMP,
  OP_SOFT_CAP,
  OP_ADD_BIAS,
  OP_NORM_PARTS,
  OP_PACK_INT4,
  OP_WIDEN,
  OP_PACK_INT8,
  OP_REPACK_INT8,
  OP_GATHER_INT8,
  OP_MATMUL_INT8,
} from "./op";

export { chooseTiles, configure };

/** Wakes the workers, runs the calling thread's share of `count` queued commands, returns when all threads are done. */
export function dispatch(count: i32): void {
  publish(count);
  run(count);
}

/** Runs all of `count` queued commands on the calling thread; the workers sleep on. */
export function dispatchSerial(count: i32): void {
  const all = alone();
  run(count);
  together(all);
}

/** A worker's life: runs its share of every list that is published, until the backend is closed. */
export function work(): void {
  let seen = 0;
  while (true) {
    const count = awaitWork(seen);
    if (count < 0) return;
    seen++;
    run(count);
  }
}

function run(count: i32): void {
  if (isProfiling()) {
    runProfiled(count);
    return;
  }
  for (let i = 0; i < count; i++) {
    execute(<usize>(QUEUE + i * COMMAND_BYTES));
    barrier();
  }
}

function runProfiled(count: i32): void {
  startClock();
  for (let i = 0; i < count; i++) {
    const command = <usize>(QUEUE + i * COMMAND_BYTES);
    execute(command);
    bookBusy(command);
    barrier();
    bookWaiting(command);
  }
}

function execute(c: usize): void {
  switch (load<i32>(c)) {
    case OP_FILL:
      fill(<usize>load<u32>(c, 4), load<f32>(c, 8), load<i32>(c, 12));
      return;
    case OP_COPY:
      copy(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12));
      return;
    case OP_ADD:
      add(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), <usize>load<u32>(c, 12), load<i32>(c, 16));
      return;
    case OP_AXPY:
      axpy(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<f32>(c, 12), load<i32>(c, 16));
      return;
    case OP_GATHER_ROWS:
      gatherRows(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
      );
      return;
    case OP_SCATTER_ADD_ROWS:
      scatterAddRows(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
      );
      return;
    case OP_RMS_NORM:
      rmsNorm(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<f32>(c, 24),
        <usize>load<u32>(c, 28),
      );
      return;
    case OP_RMS_NORM_BACKWARD:
      rmsNormBackward(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
      );
      return;
    case OP_LAYER_NORM:
      layerNorm(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<f32>(c, 28),
        <usize>load<u32>(c, 32),
      );
      return;
    case OP_LAYER_NORM_BACKWARD:
      layerNormBackward(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        <usize>load<u32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
      );
      return;
    case OP_ROPE:
      rope(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
      );
      return;
    case OP_ACTIVATE:
      activate(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
      );
      return;
    case OP_ACTIVATE_BACKWARD:
      activateBackward(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
      );
      return;
    case OP_GEMM:
      gemm(
        load<i32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
        load<i32>(c, 40),
        load<i32>(c, 44),
      );
      return;
    case OP_ATTENTION:
      attention(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
        load<i32>(c, 40),
        load<i32>(c, 44),
        load<i32>(c, 48),
      );
      return;
    case OP_ATTENTION_BACKWARD:
      attentionBackward(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        <usize>load<u32>(c, 28),
        <usize>load<u32>(c, 32),
        <usize>load<u32>(c, 36),
        <usize>load<u32>(c, 40),
        load<i32>(c, 44),
        load<i32>(c, 48),
        load<i32>(c, 52),
        load<i32>(c, 56),
        load<i32>(c, 60),
        load<i32>(c, 64),
      );
      return;
    case OP_DROPOUT:
      dropout(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<f32>(c, 16), load<i32>(c, 20));
      return;
    case OP_LOG_SUM_EXP:
      logSumExp(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16), load<i32>(c, 20));
      return;
    case OP_CROSS_ENTROPY:
      crossEntropy(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
        load<f32>(c, 40),
      );
      return;
    case OP_SUM_SQUARES:
      sumSquares(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12));
      return;
    case OP_ADAMW:
      adamw(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        load<i32>(c, 20),
        load<f32>(c, 24),
        load<f32>(c, 28),
        load<f32>(c, 32),
        load<f32>(c, 36),
        load<f32>(c, 40),
        load<f32>(c, 44),
        load<f32>(c, 48),
        load<f32>(c, 52),
      );
      return;
    case OP_GATHER_INT4:
      gatherInt4(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
      );
      return;
    case OP_QUANTIZE_ROWS:
      quantizeRows(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16));
      return;
    case OP_MATMUL_INT4:
      matmulInt4(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
      );
      return;
    case OP_KV_APPEND:
      kvAppend(
        <usize>load<u32>(c, 4),
        load<i32>(c, 8),
        load<i32>(c, 12),
        load<i32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
        load<i32>(c, 40),
        load<i32>(c, 44),
      );
      return;
    case OP_ATTENTION_CACHED:
      attentionCached(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
        load<i32>(c, 36),
        load<i32>(c, 40),
        load<i32>(c, 44),
        load<i32>(c, 48),
        load<i32>(c, 52),
        load<f32>(c, 56),
        <usize>load<u32>(c, 60),
      );
      return;
    case OP_ARGMAX:
      argmax(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12));
      return;
    case OP_FAKE_QUANTIZE_INT4:
      fakeQuantizeInt4(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16));
      return;
    case OP_CHOICE_CROSS_ENTROPY:
      choiceCrossEntropy(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        <usize>load<u32>(c, 24),
        <usize>load<u32>(c, 28),
        <usize>load<u32>(c, 32),
        <usize>load<u32>(c, 36),
        load<i32>(c, 40),
        load<i32>(c, 44),
        load<f32>(c, 48),
      );
      return;
    case OP_CHOICE_HEAD_BACKWARD:
      choiceHeadBackward(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        <usize>load<u32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
      );
      return;
    case OP_GATED_ROWS_INT4:
      gatedRowsInt4(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        <usize>load<u32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
      );
      return;
    case OP_SKIP_COLUMNS_INT4:
      skipColumnsInt4(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
      );
      return;
    case OP_COUNT_SHUT:
      countShut(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12));
      return;
    case OP_REPACK_INT4:
      if (load<i32>(c, 20)) {
        repackColumns(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16), load<i32>(c, 24));
      } else {
        repackRows(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16), load<i32>(c, 24));
      }
      return;
    case OP_MASK_LOGITS:
      maskLogits(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12));
      return;
    case OP_PENALIZE_REPEATS:
      penalizeRepeats(
        <usize>load<u32>(c, 4),
        load<i32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<f32>(c, 20),
        <usize>load<u32>(c, 24),
      );
      return;
    case OP_SAMPLE:
      sample(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        load<i32>(c, 12),
        <usize>load<u32>(c, 16),
        load<f32>(c, 20),
        load<i32>(c, 24),
        load<f32>(c, 28),
        load<f32>(c, 32),
        load<f32>(c, 36),
        <usize>load<u32>(c, 40),
      );
      return;
    case OP_CLAMP:
      clamp(<usize>load<u32>(c, 4), load<i32>(c, 8), load<f32>(c, 12));
      return;
    case OP_SOFT_CAP:
      softCap(<usize>load<u32>(c, 4), load<i32>(c, 8), load<f32>(c, 12));
      return;
    case OP_ADD_BIAS:
      addBias(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16), load<i32>(c, 20));
      return;
    case OP_NORM_PARTS:
      normParts(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<f32>(c, 32),
        load<i32>(c, 36),
      );
      return;
    case OP_PACK_INT4:
      packInt4(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        load<i32>(c, 12),
        load<i32>(c, 16),
        <usize>load<u32>(c, 20),
      );
      return;
    case OP_WIDEN:
      widen(<usize>load<u32>(c, 4), <usize>load<u32>(c, 8), load<i32>(c, 12), load<i32>(c, 16));
      return;
    case OP_PACK_INT8:
      packInt8(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        load<i32>(c, 12),
        load<i32>(c, 16),
        <usize>load<u32>(c, 20),
      );
      return;
    case OP_REPACK_INT8:
      repackInt8(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
      );
      return;
    case OP_GATHER_INT8:
      gatherInt8(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
      );
      return;
    case OP_MATMUL_INT8:
      matmulInt8(
        <usize>load<u32>(c, 4),
        <usize>load<u32>(c, 8),
        <usize>load<u32>(c, 12),
        load<i32>(c, 16),
        load<i32>(c, 20),
        load<i32>(c, 24),
        load<i32>(c, 28),
        load<i32>(c, 32),
      );
      return;
    default:
      unreachable();
  }
}
