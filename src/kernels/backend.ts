// The interface that every backend implements: memory, a command queue, and the operations of training and inference.
// Shapes use the letters of docs/architecture.md: N rows (tokens), C width, H query heads, K key/value heads, D head
// size, F FFN width, V vocabulary, S cached tokens. Matrices are row-major f32 unless said otherwise.
import type { Activation } from "../spec/spec.ts";
import { KV_PAGE } from "./wasm/assembly/op.ts";

/** A byte address in the backend's memory. 0 means "none". */
export type Ptr = number;

/** SIMD level of a backend's kernels. */
export type SimdLevel = "relaxed" | "simd128" | "none";

/**
 * Layout of {@link Backend.gemm}: which operand is read transposed.
 * `nt`: a [M,K], b [N,K] (a linear layer). `nn`: a [M,K], b [K,N]. `tn`: a [K,M], b [K,N] (a weight gradient).
 */
export type GemmLayout = "nt" | "nn" | "tn";

/**
 * Layouts of an int4 matrix, as large as the file's, that let a product with one token skip: `rows` whose output nobody
 * needs, `columns` whose input is zero (rows then a multiple of 32). Private to the backend; see repackInt4.
 */
export type SkipLayout = "rows" | "columns";

/** A 16-bit float: IEEE half precision, or bfloat16. */
export type HalfFormat = "f16" | "bf16";

/** What an operation is for: the parts into which a profile splits a model's time. */
export const operators = [
  "other",
  "embedding",
  "norms",
  "projections",
  "attention",
  "ffn",
  "head",
  "sampling",
] as const;
export type Operator = (typeof operators)[number];

/**
 * Milliseconds per operator: `busy` computing it, `waiting` for the slowest thread to finish it, both averaged over the
 * threads. Together they are the time that passed while operations ran.
 */
export type OperatorTimes = Record<Operator, { busy: number; waiting: number }>;

/** Number format of the KV cache: int8 with one f32 scale per head and token, or f32. */
export type KvFormat = "int8" | "f32";

/** Tokens of one page of a KV cache. */
export const kvPageTokens = KV_PAGE;

/**
 * One layer of a sequence's KV cache. The cache is pages of {@link kvPageTokens} tokens of all layers; in every page
 * {@link Backend.kvBytes} bytes from `keys` on, and as many from `values` on, are this layer's.
 */
export interface KvLayer {
  /** The sequence's pages in their order: i32 addresses. */
  pages: Ptr;
  /** Offsets in bytes within a page, multiples of 16. */
  keys: number;
  values: number;
  format: KvFormat;
}

/** What {@link Backend.attentionCached} does besides attending to all that came before. */
export interface AttentionOptions {
  /** Tokens that a token attends to, itself included; 0: all. */
  window: number;
  /** Scores s become cap · tanh(s / cap); 0: they stay. */
  cap: number;
  /** Slopes f32 [H] of ALiBi: a score gets slope · (key's position − query's position); 0: none. */
  slopes: Ptr;
}

/** What {@link Backend.sample} draws from; meanings and ranges are those of SamplingOptions in ./sampling.ts. */
export interface Sampling {
  /** Above 0. */
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
}

/**
 * A compute backend. Operations are queued and run in order at the next {@link flush} (or when memory is viewed);
 * nothing is allocated while they run. Not for concurrent use: one owner per backend.
 */
export interface Backend {
  readonly name: string;
  readonly simd: SimdLevel;
  /** Threads that execute each operation, the caller's included. */
  readonly threads: number;
  /** Work, in int4 multiply-adds, below which a list of operations runs on the caller's thread alone. */
  readonly serialWork: number;

  // --- memory -------------------------------------------------------------------------------------------------------
  /** Reserves `bytes` of zeroed memory, 64-byte aligned. @throws HandheldError `out-of-memory` */
  alloc(bytes: number): Ptr;
  /** Returns memory to the backend. */
  free(ptr: Ptr): void;
  /** Bytes reserved now. */
  readonly allocatedBytes: number;
  /** Views of memory, after running what is queued. Valid until the next {@link alloc}. */
  u8(ptr: Ptr, length: number): Uint8Array;
  i32(ptr: Ptr, length: number): Int32Array;
  f32(ptr: Ptr, length: number): Float32Array;
  /** Runs everything queued and returns when it is done. */
  flush(): void;
  /** What the operations queued from here on are for (at first `other`): only a profile reads it. */
  mark(operator: Operator): void;
  /** Begins to measure time per operator, at the cost of two looks at the clock per operation and thread. */
  startProfile(): void;
  /** Ends that and returns the times since {@link startProfile}. */
  stopProfile(): OperatorTimes;
  /** Ends worker threads and drops the memory. The backend is unusable afterwards. */
  close(): Promise<void>;

  // --- elementwise and rows (training and inference) ----------------------------------------------------------------
  /** x[0..n) = value */
  fill(x: Ptr, value: number, n: number): void;
  /** out[0..n) = x */
  copy(out: Ptr, x: Ptr, n: number): void;
  /** out[0..n) = a + b; out may be a or b. */
  add(out: Ptr, a: Ptr, b: Ptr, n: number): void;
  /** x = x within ± limit, n floats. */
  clamp(x: Ptr, n: number, limit: number): void;
  /** x = cap · tanh(x / cap), n floats. */
  softCap(x: Ptr, n: number, cap: number): void;
  /** out [N,M] += bias [M] in every row; ldc: floats between out's rows. */
  addBias(out: Ptr, bias: Ptr, N: number, M: number, ldc: number): void;
  /** out[0..n) += alpha · x */
  axpy(out: Ptr, x: Ptr, alpha: number, n: number): void;
  /** out [N,C] = table [·,C] rows at ids (i32 [N]). */
  gatherRows(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void;
  /** table [·,C] rows at ids += x [N,C]. Deterministic: rows are added in order of their index in `ids`. */
  scatterAddRows(table: Ptr, ids: Ptr, x: Ptr, N: number, C: number): void;
  /** out = x · 1/sqrt(mean(x²)+eps) · weight, per row. Stores 1/rms of each row in rstd [N] unless 0. */
  rmsNorm(out: Ptr, x: Ptr, weight: Ptr, N: number, C: number, eps: number, rstd: Ptr): void;
  /** dx += , dWeight += gradients of {@link rmsNorm}. */
  rmsNormBackward(dx: Ptr, dWeight: Ptr, dOut: Ptr, x: Ptr, weight: Ptr, rstd: Ptr, N: number, C: number): void;
  /** out = (x − mean)/sqrt(var+eps) · weight + bias (0: none). Stores (mean, 1/std) of each row in stats [N,2] unless 0. */
  layerNorm(out: Ptr, x: Ptr, weight: Ptr, bias: Ptr, N: number, C: number, eps: number, stats: Ptr): void;
  /**
   * Norms in place `parts` stretches of `width` floats, one after the other, at the beginning of each of N rows: RMSNorm or
   * LayerNorm with weight and bias (0: none) [parts · width]. `stride`: floats between rows.
   */
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
  ): void;
  /** dx +=, dWeight +=, dBias += (0: none) gradients of {@link layerNorm}. */
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
  ): void;
  /**
   * Rotary embedding in place on `heads` heads of size D per row; row i starts at x + 4·i·stride. Rotates the pairs
   * (j, j+D/2) by the angle of positions[i] (i32 [N]). Table: f32 [context, D], first D/2 cosines then D/2 sines per
   * position. `inverse` rotates back (the gradient).
   */
  rope(x: Ptr, table: Ptr, positions: Ptr, N: number, heads: number, D: number, stride: number, inverse: boolean): void;
  /** out [N,F] = act(gate [N,F]) · up [N,F]; up 0: act(gate). Rows of gate and up are `stride` floats apart, out's F. */
  activate(out: Ptr, gate: Ptr, up: Ptr, N: number, F: number, stride: number, activation: Activation): void;

  // --- training -----------------------------------------------------------------------------------------------------
  /** out [M,N] = (accumulate ? out : 0) + op(a)·op(b). lda, ldb, ldc: floats between rows as stored. */
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
  ): void;
  /** Gradients of {@link activate}: dGate =, dUp = (same stride as gate and up), from dOut [N,F]. */
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
  ): void;
  /**
   * Causal attention within segments: rows cu[s]..cu[s+1) (i32 [segments+1]) form one sequence. q rows hold H heads,
   * k and v rows K heads of size D, `stride` floats apart (all three); out [N, H·D]; lse [N,H] gets the log-sum-exp of
   * each row's scaled scores. Scale 1/sqrt(D). H/K query heads share one key/value head.
   */
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
  ): void;
  /** Gradients of {@link attention}: dq, dk, dv = (strides as q, k, v). */
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
  ): void;
  /**
   * out [0..n) = x where kept, scaled by 1/(1−p); the mask is a hash of (seed, index), so the backward is the same call.
   * Kept where mix(index ^ mix(seed)) >>> 8 is at least floor(f32(p)·2²⁴); mix (lowbias32, all uint32): x ^= x >>> 16;
   * x *= 0x7feb352d; x ^= x >>> 15; x *= 0x846ca68b; x ^= x >>> 16.
   */
  dropout(out: Ptr, x: Ptr, n: number, p: number, seed: number): void;
  /**
   * Folds a chunk of logits [N, width] into running row maxima and sums of exponentials (stats f32 [N,2] = (max, sum));
   * `first` starts them.
   */
  logSumExp(stats: Ptr, logits: Ptr, N: number, width: number, first: boolean): void;
  /**
   * For a chunk of logits [N, width] that holds vocabulary entries offset..offset+width of V: replaces it by the gradient
   * weight[i] · (softmax − target distribution), and adds to loss[i] the chunk's share of weight[i] · cross-entropy.
   * targets i32 [N], weights f32 [N]. Label smoothing ε: target = (1−ε)·onehot + ε/V.
   */
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
  ): void;
  /**
   * Output head and cross-entropy among a few tokens of each row: row i of x [N,C] chooses among the tokens ids[offsets[i]..
   * offsets[i+1]) (i32; offsets [N+1]), targets[i] one of them; head [V,C]. Adds weight[i] · cross-entropy to loss[i].
   * dLogits f32 [offsets[N]] = weight · (softmax − target distribution), dx [N,C] = the gradient by x (0: not wanted).
   * Label smoothing ε: target = (1−ε)·onehot + ε/choices.
   */
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
  ): void;
  /** dHead [V,C] += gradient of {@link choiceCrossEntropy} by the head. Deterministic: pairs are added in their order. */
  choiceHeadBackward(dHead: Ptr, dLogits: Ptr, x: Ptr, offsets: Ptr, ids: Ptr, N: number, C: number): void;
  /** out[0] = Σ x² over n floats. */
  sumSquares(out: Ptr, x: Ptr, n: number): void;
  /**
   * AdamW on n floats: g is first multiplied by gradScale; then m, v moments, bias-corrected by 1/(1−β^step), decoupled
   * weight decay: p −= lr·(m̂/(√v̂+eps) + decay·p).
   */
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
  ): void;
  /**
   * out [rows, columns] = w with every group of 32 columns rounded to int4, dequantised: fake quantisation (Jacob et al.
   * 2018). The values are those of src/quant/int4.ts under a bf16 scale that is found faster than there: of the codes
   * that 16 scales from max|w|/6.2 to max|w|/9 give, those with the greatest (Σwq)²/Σq², which leave the least squared
   * error under the scale Σwq/Σq². On trained weights the error is within 0.03 % of the least, and 92 % of the groups
   * have the scale that packInt4 chooses. A group with a weight that is not finite is copied, one below 1e-30 becomes
   * zero. out may be w.
   */
  fakeQuantizeInt4(out: Ptr, w: Ptr, rows: number, columns: number): void;

  // --- inference on packed weights ----------------------------------------------------------------------------------
  /** out [N,C] = rows at ids of a packed int4 table (layout of src/quant/int4.ts) with C columns, dequantised. */
  gatherInt4(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void;
  /** Bytes that {@link quantizeRows} needs for x [N,K]. */
  activationBytes(N: number, K: number): number;
  /** Quantises x [N,K] to int8 in the backend's own layout (for {@link matmulInt4}). */
  quantizeRows(out: Ptr, x: Ptr, N: number, K: number): void;
  /** out [N, M] = (accumulate ? out : 0) + x [N,K] · wᵀ with packed int4 w [M,K]; x from {@link quantizeRows}; ldc: floats between out's rows. */
  matmulInt4(out: Ptr, x: Ptr, w: Ptr, N: number, M: number, K: number, ldc: number, accumulate: boolean): void;
  /** out = w [M,K], from the layout of src/quant/int4.ts to `layout`, or `back`. Not in place. */
  repackInt4(out: Ptr, w: Ptr, M: number, K: number, layout: SkipLayout, back: boolean): void;
  /**
   * For one token, out [M] = act(gate [M]) · (w [M,K] · x): what {@link matmulInt4} and {@link activate} give, but a row
   * whose gate is at most 0 costs nothing. w in layout `rows`, x from {@link quantizeRows}.
   */
  gatedRowsInt4(out: Ptr, gate: Ptr, x: Ptr, w: Ptr, M: number, K: number, activation: "relu" | "relu2"): void;
  /**
   * For one token, out [M] = (accumulate ? out : 0) + w [M,K] · x: what {@link matmulInt4} gives, but a column whose
   * activation was quantised to 0 costs nothing. w in layout `columns`, M a multiple of 32.
   */
  skipColumnsInt4(out: Ptr, x: Ptr, w: Ptr, M: number, K: number, accumulate: boolean): void;
  /** out i32 [1] += how many of n gates are at most 0. */
  countShut(out: Ptr, gate: Ptr, n: number): void;
  /** Bytes of one layer's keys (or values) in a page, for K heads of size D. */
  kvBytes(K: number, D: number, format: KvFormat): number;
  /** Stores keys k and values v [N, K·D] (rows `stride` floats apart) as tokens position..position+N of a cache. */
  kvAppend(cache: KvLayer, k: Ptr, v: Ptr, N: number, position: number, K: number, D: number, stride: number): void;
  /**
   * Causal attention of N new tokens at position..position+N over a cache that already holds them: out [N, H·D],
   * q rows `stride` floats apart. Scale 1/sqrt(D), then what `how` says (default: nothing).
   */
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
    how?: AttentionOptions,
  ): void;
  /** Index of the largest of n floats into out (i32 [1]); ties: the lowest index. */
  argmax(out: Ptr, x: Ptr, n: number): void;

  // --- from logits to a token ---------------------------------------------------------------------------------------
  /** x[i] = −Infinity for each i < n whose bit of `bits` (bit i & 31 of word i >> 5) is 0. */
  maskLogits(x: Ptr, bits: Ptr, n: number): void;
  /**
   * Divides the positive of n logits x at `count` ids (i32) by the penalty and multiplies the others, each id once.
   * `work`: {@link sampleBytes} of n bytes.
   */
  penalizeRepeats(x: Ptr, n: number, ids: Ptr, count: number, penalty: number, work: Ptr): void;
  /** Bytes of work space of {@link sample} and {@link penalizeRepeats} for n logits. */
  sampleBytes(n: number): number;
  /**
   * Draws from softmax(x / temperature) within the limits (reference/sampling.ts) and stores the index in out (i32).
   * `state`: the four words of src/random.ts's generator; one number is taken per call.
   */
  sample(out: Ptr, x: Ptr, n: number, state: Ptr, how: Sampling, work: Ptr): void;

  // --- from float weights to packed ones ----------------------------------------------------------------------------
  /** out f32 [n] = x, n 16-bit floats, exactly; a NaN keeps its payload. Not in place. */
  widen(out: Ptr, x: Ptr, n: number, format: HalfFormat): void;
  /**
   * out = w [rows, columns] packed (layout and bytes of src/quant/int4.ts), with the scales of {@link fakeQuantizeInt4}.
   * A group of 32 with a weight that is not finite gets codes 8 and the scale NaN; faults i32 [1] (0: none) += how many.
   */
  packInt4(out: Ptr, w: Ptr, rows: number, columns: number, faults: Ptr): void;
  /**
   * out = w [rows, columns] as int8 with a scale per row (numbers of src/quant/int8.ts, layout and bytes of
   * {@link int8Bytes} there). A row with a weight that is not finite gets codes 0 and the scale NaN; faults i32 [1]
   * (0: none) += how many.
   */
  packInt8(out: Ptr, w: Ptr, rows: number, columns: number, faults: Ptr): void;
  /** out = the same from row-major codes int8 [rows, columns] (any alignment) and scales f32 [rows], as files have them. */
  repackInt8(out: Ptr, codes: Ptr, scales: Ptr, rows: number, columns: number): void;
  /** out [N,C] = rows at ids of a packed int8 table with C columns, dequantised. */
  gatherInt8(out: Ptr, table: Ptr, ids: Ptr, N: number, C: number): void;
  /**
   * {@link matmulInt4} with packed int8 w [M,K], K at most 65,536: out = Σ of integers · the row's scale · the token's, the
   * products rounded in this order.
   */
  matmulInt8(out: Ptr, x: Ptr, w: Ptr, N: number, M: number, K: number, ldc: number, accumulate: boolean): void;
}
