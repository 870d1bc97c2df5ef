// Queues operations as commands in the WASM memory: one method per operation, parameters in the kernel's order.
// Memory, threads and views are in backend.ts.
import type { Activation } from "../../spec/spec.ts";
import { activations } from "../../spec/spec.ts";
import {
  type AttentionOptions,
  type GemmLayout,
  type HalfFormat,
  type KvLayer,
  type Operator,
  operators,
  type Ptr,
  type Sampling,
  type SkipLayout,
} from "../backend.ts";
import * as op from "./assembly/op.ts";

const slots = op.COMMAND_BYTES / 4;
const plainAttention: AttentionOptions = { window: 0, cap: 0, slopes: 0 };
const layouts: readonly GemmLayout[] = ["nt", "nn", "tn"];

/** A queue of commands; `flush` of the subclass runs it. */
export abstract class CommandQueue {
  /** Commands queued since the last flush. */
  protected queued = 0;
  /** About how much work they are, in int4 multiply-adds (some 12 to 25 ps each on one thread). */
  protected work = 0;
  /** The queue's memory as integers and as floats. */
  protected abstract readonly words: Int32Array;
  protected abstract readonly floats: Float32Array;
  abstract flush(): void;
  private operator = 0;

  mark(operator: Operator): void {
    this.operator = operators.indexOf(operator);
  }

  private begin(opcode: number, work = 0): number {
    if (this.queued === op.QUEUE_COMMANDS) this.flush();
    this.work += work;
    const at = this.queued++ * slots;
    this.words[at] = opcode;
    this.words[at + op.OPERATOR_SLOT] = this.operator;
    return at;
  }

  fill(x: Ptr, value: number, n: number): void {
    const at = this.begin(op.OP_FILL, 4 * n);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = x;
    f[at + 2] = value;
    i[at + 3] = n;
  }

  copy(out: Ptr, x: Ptr, n: number): void {
    const at = this.begin(op.OP_COPY, 4 * n);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
  }

  add(out: Ptr, a: Ptr, b: Ptr, n: number): void {
    const at = this.begin(op.OP_ADD, 4 * n);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = a;
    i[at + 3] = b;
    i[at + 4] = n;
  }

  clamp(x: Ptr, n: number, limit: number): void {
    const at = this.begin(op.OP_CLAMP, 4 * n);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = n;
    this.floats[at + 3] = limit;
  }

  softCap(x: Ptr, n: number, cap: number): void {
    const at = this.begin(op.OP_SOFT_CAP, 16 * n);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = n;
    this.floats[at + 3] = cap;
  }

  addBias(out: Ptr, bias: Ptr, N: number, M: number, ldc: number): void {
    const at = this.begin(op.OP_ADD_BIAS, 4 * N * M);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = bias;
    i[at + 3] = N;
    i[at + 4] = M;
    i[at + 5] = ldc;
  }

  axpy(out: Ptr, x: Ptr, alpha: number, n: number): void {
    const at = this.begin(op.OP_AXPY, 4 * n);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = out;
    i[at + 2] = x;
    f[at + 3] = alpha;
    i[at + 4] = n;
  }

  gatherRows(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_GATHER_ROWS, 4 * N * C);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = table;
    i[at + 3] = ids;
    i[at + 4] = N;
    i[at + 5] = C;
  }

  scatterAddRows(table: Ptr, ids: Ptr, x: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_SCATTER_ADD_ROWS, 8 * N * C);
    const i = this.words;
    i[at + 1] = table;
    i[at + 2] = ids;
    i[at + 3] = x;
    i[at + 4] = N;
    i[at + 5] = C;
  }

  rmsNorm(out: Ptr, x: Ptr, weight: Ptr, N: number, C: number, eps: number, rstd: Ptr): void {
    const at = this.begin(op.OP_RMS_NORM, 8 * N * C);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = weight;
    i[at + 4] = N;
    i[at + 5] = C;
    f[at + 6] = eps;
    i[at + 7] = rstd;
  }

  rmsNormBackward(dx: Ptr, dWeight: Ptr, dOut: Ptr, x: Ptr, weight: Ptr, rstd: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_RMS_NORM_BACKWARD, 16 * N * C);
    const i = this.words;
    i[at + 1] = dx;
    i[at + 2] = dWeight;
    i[at + 3] = dOut;
    i[at + 4] = x;
    i[at + 5] = weight;
    i[at + 6] = rstd;
    i[at + 7] = N;
    i[at + 8] = C;
  }

  layerNorm(out: Ptr, x: Ptr, weight: Ptr, bias: Ptr, N: number, C: number, eps: number, stats: Ptr): void {
    const at = this.begin(op.OP_LAYER_NORM, 8 * N * C);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = weight;
    i[at + 4] = bias;
    i[at + 5] = N;
    i[at + 6] = C;
    f[at + 7] = eps;
    i[at + 8] = stats;
  }

  normParts(
    x: Ptr,
    weight: Ptr,
    bias: Ptr,
    N: number,
    parts: number,
    width: number,
    stride: number,
    eps: number,
    norm: "rms" | "layer",
  ): void {
    const at = this.begin(op.OP_NORM_PARTS, 8 * N * parts * width);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = weight;
    i[at + 3] = bias;
    i[at + 4] = N;
    i[at + 5] = parts;
    i[at + 6] = width;
    i[at + 7] = stride;
    this.floats[at + 8] = eps;
    i[at + 9] = norm === "layer" ? 1 : 0;
  }

  layerNormBackward(
    dx: Ptr,
    dWeight: Ptr,
    dBias: Ptr,
    dOut: Ptr,
    x: Ptr,
    weight: Ptr,
    stats: Ptr,
    N: number,
    C: number,
  ): void {
    const at = this.begin(op.OP_LAYER_NORM_BACKWARD, 16 * N * C);
    const i = this.words;
    i[at + 1] = dx;
    i[at + 2] = dWeight;
    i[at + 3] = dBias;
    i[at + 4] = dOut;
    i[at + 5] = x;
    i[at + 6] = weight;
    i[at + 7] = stats;
    i[at + 8] = N;
    i[at + 9] = C;
  }

  rope(
    x: Ptr,
    table: Ptr,
    positions: Ptr,
    N: number,
    heads: number,
    D: number,
    stride: number,
    inverse: boolean,
  ): void {
    const at = this.begin(op.OP_ROPE, 8 * N * heads * D);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = table;
    i[at + 3] = positions;
    i[at + 4] = N;
    i[at + 5] = heads;
    i[at + 6] = D;
    i[at + 7] = stride;
    i[at + 8] = inverse ? 1 : 0;
  }

  activate(out: Ptr, gate: Ptr, up: Ptr, N: number, F: number, stride: number, activation: Activation): void {
    const at = this.begin(op.OP_ACTIVATE, 16 * N * F);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = gate;
    i[at + 3] = up;
    i[at + 4] = N;
    i[at + 5] = F;
    i[at + 6] = stride;
    i[at + 7] = activations.indexOf(activation);
  }

  activateBackward(
    dGate: Ptr,
    dUp: Ptr,
    dOut: Ptr,
    gate: Ptr,
    up: Ptr,
    N: number,
    F: number,
    stride: number,
    activation: Activation,
  ): void {
    const at = this.begin(op.OP_ACTIVATE_BACKWARD, 32 * N * F);
    const i = this.words;
    i[at + 1] = dGate;
    i[at + 2] = dUp;
    i[at + 3] = dOut;
    i[at + 4] = gate;
    i[at + 5] = up;
    i[at + 6] = N;
    i[at + 7] = F;
    i[at + 8] = stride;
    i[at + 9] = activations.indexOf(activation);
  }

  gemm(
    layout: GemmLayout,
    out: Ptr,
    a: Ptr,
    b: Ptr,
    M: number,
    N: number,
    K: number,
    lda: number,
    ldb: number,
    ldc: number,
    accumulate: boolean,
  ): void {
    const at = this.begin(op.OP_GEMM, 2 * M * N * K);
    const i = this.words;
    i[at + 1] = layouts.indexOf(layout);
    i[at + 2] = out;
    i[at + 3] = a;
    i[at + 4] = b;
    i[at + 5] = M;
    i[at + 6] = N;
    i[at + 7] = K;
    i[at + 8] = lda;
    i[at + 9] = ldb;
    i[at + 10] = ldc;
    i[at + 11] = accumulate ? 1 : 0;
  }

  attention(
    out: Ptr,
    lse: Ptr,
    q: Ptr,
    k: Ptr,
    v: Ptr,
    cu: Ptr,
    segments: number,
    N: number,
    H: number,
    K: number,
    D: number,
    stride: number,
  ): void {
    const at = this.begin(op.OP_ATTENTION, 64 * N * H * D);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = lse;
    i[at + 3] = q;
    i[at + 4] = k;
    i[at + 5] = v;
    i[at + 6] = cu;
    i[at + 7] = segments;
    i[at + 8] = N;
    i[at + 9] = H;
    i[at + 10] = K;
    i[at + 11] = D;
    i[at + 12] = stride;
  }

  attentionBackward(
    dq: Ptr,
    dk: Ptr,
    dv: Ptr,
    dOut: Ptr,
    out: Ptr,
    lse: Ptr,
    q: Ptr,
    k: Ptr,
    v: Ptr,
    cu: Ptr,
    segments: number,
    N: number,
    H: number,
    K: number,
    D: number,
    stride: number,
  ): void {
    const at = this.begin(op.OP_ATTENTION_BACKWARD, 128 * N * H * D);
    const i = this.words;
    i[at + 1] = dq;
    i[at + 2] = dk;
    i[at + 3] = dv;
    i[at + 4] = dOut;
    i[at + 5] = out;
    i[at + 6] = lse;
    i[at + 7] = q;
    i[at + 8] = k;
    i[at + 9] = v;
    i[at + 10] = cu;
    i[at + 11] = segments;
    i[at + 12] = N;
    i[at + 13] = H;
    i[at + 14] = K;
    i[at + 15] = D;
    i[at + 16] = stride;
  }

  dropout(out: Ptr, x: Ptr, n: number, p: number, seed: number): void {
    const at = this.begin(op.OP_DROPOUT, 16 * n);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
    f[at + 4] = p;
    i[at + 5] = seed;
  }

  logSumExp(stats: Ptr, logits: Ptr, N: number, width: number, first: boolean): void {
    const at = this.begin(op.OP_LOG_SUM_EXP, 16 * N * width);
    const i = this.words;
    i[at + 1] = stats;
    i[at + 2] = logits;
    i[at + 3] = N;
    i[at + 4] = width;
    i[at + 5] = first ? 1 : 0;
  }

  crossEntropy(
    loss: Ptr,
    logits: Ptr,
    stats: Ptr,
    targets: Ptr,
    weights: Ptr,
    N: number,
    width: number,
    offset: number,
    V: number,
    smoothing: number,
  ): void {
    const at = this.begin(op.OP_CROSS_ENTROPY, 16 * N * width);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = loss;
    i[at + 2] = logits;
    i[at + 3] = stats;
    i[at + 4] = targets;
    i[at + 5] = weights;
    i[at + 6] = N;
    i[at + 7] = width;
    i[at + 8] = offset;
    i[at + 9] = V;
    f[at + 10] = smoothing;
  }

  choiceCrossEntropy(
    loss: Ptr,
    dLogits: Ptr,
    dx: Ptr,
    x: Ptr,
    head: Ptr,
    offsets: Ptr,
    ids: Ptr,
    targets: Ptr,
    weights: Ptr,
    N: number,
    C: number,
    smoothing: number,
  ): void {
    const at = this.begin(op.OP_CHOICE_CROSS_ENTROPY, 32 * N * C);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = loss;
    i[at + 2] = dLogits;
    i[at + 3] = dx;
    i[at + 4] = x;
    i[at + 5] = head;
    i[at + 6] = offsets;
    i[at + 7] = ids;
    i[at + 8] = targets;
    i[at + 9] = weights;
    i[at + 10] = N;
    i[at + 11] = C;
    f[at + 12] = smoothing;
  }

  choiceHeadBackward(dHead: Ptr, dLogits: Ptr, x: Ptr, offsets: Ptr, ids: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_CHOICE_HEAD_BACKWARD, 32 * N * C);
    const i = this.words;
    i[at + 1] = dHead;
    i[at + 2] = dLogits;
    i[at + 3] = x;
    i[at + 4] = offsets;
    i[at + 5] = ids;
    i[at + 6] = N;
    i[at + 7] = C;
  }

  sumSquares(out: Ptr, x: Ptr, n: number): void {
    const at = this.begin(op.OP_SUM_SQUARES, 4 * n);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
  }

  adamw(
    p: Ptr,
    g: Ptr,
    m: Ptr,
    v: Ptr,
    n: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    step: number,
    gradScale: number,
  ): void {
    const at = this.begin(op.OP_ADAMW, 16 * n);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = p;
    i[at + 2] = g;
    i[at + 3] = m;
    i[at + 4] = v;
    i[at + 5] = n;
    f[at + 6] = lr;
    f[at + 7] = beta1;
    f[at + 8] = beta2;
    f[at + 9] = eps;
    f[at + 10] = decay;
    f[at + 11] = 1 / (1 - beta1 ** step);
    f[at + 12] = 1 / (1 - beta2 ** step);
    f[at + 13] = gradScale;
  }

  fakeQuantizeInt4(out: Ptr, w: Ptr, rows: number, columns: number): void {
    const at = this.begin(op.OP_FAKE_QUANTIZE_INT4, 128 * rows * columns);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = w;
    i[at + 3] = rows;
    i[at + 4] = columns;
  }

  gatherInt4(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_GATHER_INT4, 8 * N * C);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = table;
    i[at + 3] = ids;
    i[at + 4] = N;
    i[at + 5] = C;
  }

  quantizeRows(out: Ptr, x: Ptr, N: number, K: number): void {
    const at = this.begin(op.OP_QUANTIZE_ROWS, 8 * N * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = N;
    i[at + 4] = K;
  }

  matmulInt4(out: Ptr, x: Ptr, w: Ptr, N: number, M: number, K: number, ldc: number, accumulate: boolean): void {
    const at = this.begin(op.OP_MATMUL_INT4, N * M * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = w;
    i[at + 4] = N;
    i[at + 5] = M;
    i[at + 6] = K;
    i[at + 7] = ldc;
    i[at + 8] = accumulate ? 1 : 0;
  }

  gatedRowsInt4(out: Ptr, gate: Ptr, x: Ptr, w: Ptr, M: number, K: number, activation: "relu" | "relu2"): void {
    const at = this.begin(op.OP_GATED_ROWS_INT4, M * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = gate;
    i[at + 3] = x;
    i[at + 4] = w;
    i[at + 5] = M;
    i[at + 6] = K;
    i[at + 7] = activations.indexOf(activation);
  }

  skipColumnsInt4(out: Ptr, x: Ptr, w: Ptr, M: number, K: number, accumulate: boolean): void {
    const at = this.begin(op.OP_SKIP_COLUMNS_INT4, M * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = w;
    i[at + 4] = M;
    i[at + 5] = K;
    i[at + 6] = accumulate ? 1 : 0;
  }

  countShut(out: Ptr, gate: Ptr, n: number): void {
    const at = this.begin(op.OP_COUNT_SHUT, n);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = gate;
    i[at + 3] = n;
  }

  repackInt4(out: Ptr, w: Ptr, M: number, K: number, layout: SkipLayout, back: boolean): void {
    const at = this.begin(op.OP_REPACK_INT4, 4 * M * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = w;
    i[at + 3] = M;
    i[at + 4] = K;
    i[at + 5] = layout === "columns" ? 1 : 0;
    i[at + 6] = back ? 1 : 0;
  }

  kvAppend(cache: KvLayer, k: Ptr, v: Ptr, N: number, position: number, K: number, D: number, stride: number): void {
    const at = this.begin(op.OP_KV_APPEND);
    const i = this.words;
    i[at + 1] = cache.pages;
    i[at + 2] = cache.keys;
    i[at + 3] = cache.values;
    i[at + 4] = cache.format === "int8" ? 1 : 0;
    i[at + 5] = k;
    i[at + 6] = v;
    i[at + 7] = N;
    i[at + 8] = position;
    i[at + 9] = K;
    i[at + 10] = D;
    i[at + 11] = stride;
  }

  attentionCached(
    out: Ptr,
    q: Ptr,
    cache: KvLayer,
    N: number,
    position: number,
    H: number,
    K: number,
    D: number,
    stride: number,
    how: AttentionOptions = plainAttention,
  ): void {
    const at = this.begin(op.OP_ATTENTION_CACHED, 2 * N * (position + N) * H * D);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = q;
    i[at + 3] = cache.pages;
    i[at + 4] = cache.keys;
    i[at + 5] = cache.values;
    i[at + 6] = cache.format === "int8" ? 1 : 0;
    i[at + 7] = N;
    i[at + 8] = position;
    i[at + 9] = H;
    i[at + 10] = K;
    i[at + 11] = D;
    i[at + 12] = stride;
    i[at + 13] = how.window;
    this.floats[at + 14] = how.cap;
    i[at + 15] = how.slopes;
  }

  argmax(out: Ptr, x: Ptr, n: number): void {
    const at = this.begin(op.OP_ARGMAX);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
  }

  maskLogits(x: Ptr, bits: Ptr, n: number): void {
    const at = this.begin(op.OP_MASK_LOGITS, 8 * n);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = bits;
    i[at + 3] = n;
  }

  penalizeRepeats(x: Ptr, n: number, ids: Ptr, count: number, penalty: number, work: Ptr): void {
    const at = this.begin(op.OP_PENALIZE_REPEATS);
    const i = this.words;
    i[at + 1] = x;
    i[at + 2] = n;
    i[at + 3] = ids;
    i[at + 4] = count;
    this.floats[at + 5] = penalty;
    i[at + 6] = work;
  }

  sample(out: Ptr, x: Ptr, n: number, state: Ptr, how: Sampling, work: Ptr): void {
    const at = this.begin(op.OP_SAMPLE, 60 * n);
    const i = this.words;
    const f = this.floats;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
    i[at + 4] = state;
    f[at + 5] = how.temperature;
    i[at + 6] = Math.min(how.topK, 2 ** 31 - 1);
    f[at + 7] = how.topP;
    f[at + 8] = how.minP;
    f[at + 9] = Math.log(how.minP);
    i[at + 10] = work;
  }

  packInt4(out: Ptr, w: Ptr, rows: number, columns: number, faults: Ptr): void {
    const at = this.begin(op.OP_PACK_INT4, 128 * rows * columns);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = w;
    i[at + 3] = rows;
    i[at + 4] = columns;
    i[at + 5] = faults;
  }

  widen(out: Ptr, x: Ptr, n: number, format: HalfFormat): void {
    const at = this.begin(op.OP_WIDEN, 8 * n);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = n;
    i[at + 4] = format === "bf16" ? 1 : 0;
  }

  packInt8(out: Ptr, w: Ptr, rows: number, columns: number, faults: Ptr): void {
    const at = this.begin(op.OP_PACK_INT8, 16 * rows * columns);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = w;
    i[at + 3] = rows;
    i[at + 4] = columns;
    i[at + 5] = faults;
  }

  repackInt8(out: Ptr, codes: Ptr, scales: Ptr, rows: number, columns: number): void {
    const at = this.begin(op.OP_REPACK_INT8, 4 * rows * columns);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = codes;
    i[at + 3] = scales;
    i[at + 4] = rows;
    i[at + 5] = columns;
  }

  gatherInt8(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void {
    const at = this.begin(op.OP_GATHER_INT8, 8 * N * C);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = table;
    i[at + 3] = ids;
    i[at + 4] = N;
    i[at + 5] = C;
  }

  matmulInt8(out: Ptr, x: Ptr, w: Ptr, N: number, M: number, K: number, ldc: number, accumulate: boolean): void {
    const at = this.begin(op.OP_MATMUL_INT8, 2 * N * M * K);
    const i = this.words;
    i[at + 1] = out;
    i[at + 2] = x;
    i[at + 3] = w;
    i[at + 4] = N;
    i[at + 5] = M;
    i[at + 6] = K;
    i[at + 7] = ldc;
    i[at + 8] = accumulate ? 1 : 0;
  }
}
