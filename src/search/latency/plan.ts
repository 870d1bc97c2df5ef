// What a decoder does for a prompt or a token, as a list of operations with their shapes: what ForwardPass queues, from
// the spec alone. Nothing is computed or timed.
import { defaultChunk } from "../../model/decoder.ts";
import { layerShape, layerWindow, type Spec } from "../../spec/spec.ts";

/** Operations whose time depends on N rows and their width. */
export const rowKinds = [
  "gather",
  "quantize",
  "rmsNorm",
  "layerNorm",
  "rope",
  "relu",
  "silu",
  "gelu",
  "kvAppend",
  "add",
  "argmax",
] as const;
export type RowKind = (typeof rowKinds)[number];

/**
 * Parts of a model whose times are told apart. `repeats` is of the matrices of blocks that run again. `calls` is the number
 * of operations: what each takes more among others than in a row with its like, when everything it touches is warm.
 */
export const parts = ["matrices", "repeats", "head", "attention", "rest", "calls"] as const;
export type Part = (typeof parts)[number];

/**
 * Takes the operations of a plan. `times`: how often each occurs; `again`: how often of these its weights were used just
 * before, by the same block (layer sharing), so that a cache may hold them.
 */
export interface OperationSink {
  /** An int4 product of N tokens with a matrix [M, K]. */
  matmul(part: Part, N: number, M: number, K: number, times: number, again: number): void;
  /**
   * Attention of N tokens at `position`, each to at most `window` tokens (0: all), behind storing the keys and values of
   * `stored` tokens, of which these are the last.
   */
  attention(
    N: number,
    position: number,
    H: number,
    K: number,
    D: number,
    window: number,
    stored: number,
    times: number,
  ): void;
  /** An operation on N rows of `width` numbers. */
  rows(kind: RowKind, N: number, width: number, times: number): void;
}

/** Rows of a chunk: new ones at `position`, of which the last `needed` are computed to the end. */
interface Chunk {
  N: number;
  position: number;
  needed: number;
}

/** Tokens that go through the model at once. */
export function chunkTokens({ context }: Spec): number {
  return Math.min(defaultChunk, context);
}

/** Tells `sink` what a forward pass of `tokens` tokens behind `position` cached ones does, the last one's logits included. */
export function planForward(spec: Spec, tokens: number, position: number, sink: OperationSink): void {
  const size = chunkTokens(spec);
  const runs = spec.layers * spec.layerRepeat;
  const uniform = spec.layerShapes === null && spec.slidingWindow === 0 && !spec.sharedFfn;
  for (let begin = 0; begin < tokens; begin += size) {
    const N = Math.min(size, tokens - begin);
    const last = begin + N >= tokens ? 1 : 0;
    const chunk: Chunk = { N, position: position + begin, needed: N };
    planEmbedding(spec, N, sink);
    if (uniform) {
      // All blocks alike: the last layer apart, for of its last run only one row goes on.
      const r = spec.layerRepeat;
      if (spec.layers > 1) planBlock(spec, 0, chunk, (spec.layers - 1) * r, (spec.layers - 1) * (r - 1), sink);
      if (r > 1) planBlock(spec, 0, chunk, r - 1, r - 2, sink);
      planBlock(spec, 0, { ...chunk, needed: last }, 1, r > 1 ? 1 : 0, sink);
    } else {
      for (let run = 0; run < runs; run++) {
        const i = Math.floor(run / spec.layerRepeat);
        const again = run % spec.layerRepeat > 0 ? 1 : 0;
        planBlock(spec, i, run < runs - 1 ? chunk : { ...chunk, needed: last }, 1, again, sink);
      }
    }
  }
  planHead(spec, sink);
}

function planEmbedding(spec: Spec, N: number, sink: OperationSink): void {
  const { width: C, embeddingWidth: E } = spec;
  sink.rows("gather", N, E, 1);
  if (E !== C) planLinear("matrices", N, C, E, 1, 0, sink);
  if (spec.positions === "learned") sink.rows("add", N, C, 1);
  if (spec.embeddingNorm) planNorm(spec, N, C, 1, sink);
}

function planHead(spec: Spec, sink: OperationSink): void {
  const { width: C, embeddingWidth: E, vocabulary: V } = spec;
  if (spec.normPlacement !== "post") planNorm(spec, 1, C, 1, sink);
  if (E !== C) planLinear("head", 1, E, C, 1, 0, sink);
  planLinear("head", 1, V, E, 1, 0, sink);
  if (spec.headBias) sink.rows("add", 1, V, 1);
  if (spec.logitCap) sink.rows("gelu", 1, V, 1);
}

function planBlock(spec: Spec, i: number, chunk: Chunk, times: number, again: number, sink: OperationSink): void {
  const { width: C, headSize: D, normPlacement, parallelResidual } = spec;
  const { heads: H, kvHeads: K } = layerShape(spec, i);
  const { N, position, needed } = chunk;
  const normedInput = normPlacement !== "output" && normPlacement !== "post";
  if (normedInput) planNorm(spec, N, C, times, sink);
  if (parallelResidual && needed > 0) planNorm(spec, needed, C, times, sink);
  planProjections(spec, N, H, K, times, again, sink);
  if (spec.qkNorm !== "none") {
    const whole = spec.qkNorm === "width";
    planNorm(spec, whole ? N : N * H, whole ? H * D : D, times, sink);
    planNorm(spec, whole ? N : N * K, whole ? K * D : D, times, sink);
  }
  if (spec.positions === "rope") sink.rows("rope", N, (H + K) * D, times);
  if (needed === 0) {
    sink.rows("kvAppend", N, K * D, times);
    return;
  }
  sink.attention(needed, position + N - needed, H, K, D, layerWindow(spec, i), N, times);
  planBranchEnd(spec, needed, H * D, spec.outputBias, times, again, sink);
  if (!parallelResidual && normedInput) planNorm(spec, needed, C, times, sink);
  planFeedForward(spec, i, needed, times, again, sink);
}

function planProjections(
  spec: Spec,
  N: number,
  H: number,
  K: number,
  times: number,
  again: number,
  sink: OperationSink,
): void {
  const { width: C, headSize: D, latent } = spec;
  if (latent === null) {
    planJoined("matrices", N, [H * D, K * D, K * D], C, times, again, sink);
    if (spec.qkvBias) sink.rows("add", N, (H + 2 * K) * D, times);
  } else {
    const shared = latent.keyValue + spec.ropeSize;
    planLinear("matrices", N, latent.query, C, times, again, sink);
    planNorm(spec, N, latent.query, times, sink);
    planLinear("matrices", N, H * D, latent.query, times, again, sink);
    planLinear("matrices", N, shared, C, times, again, sink);
    planNorm(spec, N, latent.keyValue, times, sink);
    planJoined("matrices", N, [K * D, K * D], shared, times, again, sink);
  }
  if (spec.qkvClip) sink.rows("add", N, (H + 2 * K) * D, times);
}

function planFeedForward(spec: Spec, i: number, N: number, times: number, again: number, sink: OperationSink): void {
  const { ffnWidth: F } = layerShape(spec, i);
  const warm = spec.sharedFfn && i > 0 ? times : again;
  planJoined("matrices", N, spec.gated ? [F, F] : [F], spec.width, times, warm, sink);
  if (spec.ffnBias) sink.rows("add", N, spec.gated ? 2 * F : F, times);
  sink.rows(activationKind(spec), N, F, times);
  planBranchEnd(spec, N, F, spec.ffnBias, times, warm, sink);
}

/** The last matrix of a branch, [C, K], and what adds it to the stream. */
function planBranchEnd(
  spec: Spec,
  N: number,
  K: number,
  bias: boolean,
  times: number,
  again: number,
  sink: OperationSink,
): void {
  const { width: C, normPlacement } = spec;
  planLinear("matrices", N, C, K, times, again, sink);
  if (bias) sink.rows("add", N, C, times);
  if (normPlacement === "pre" || normPlacement === "stream") return;
  planNorm(spec, N, C, times, sink);
  if (normPlacement !== "post") sink.rows("add", N, C, times);
}

function planLinear(
  part: Part,
  N: number,
  M: number,
  K: number,
  times: number,
  again: number,
  sink: OperationSink,
): void {
  sink.rows("quantize", N, K, times);
  sink.matmul(part, N, M, K, times, again);
}

/** Matrices over one input: one product where no padding to 8 rows lies between them. */
function planJoined(
  part: Part,
  N: number,
  rows: readonly number[],
  K: number,
  times: number,
  again: number,
  sink: OperationSink,
): void {
  let joined = 0;
  let joins = true;
  for (let i = 0; i < rows.length; i++) {
    joined += rows[i]!;
    if (i < rows.length - 1 && rows[i]! % 8 !== 0) joins = false;
  }
  sink.rows("quantize", N, K, times);
  if (joins) sink.matmul(part, N, joined, K, times, again);
  else for (const some of rows) sink.matmul(part, N, some, K, times, again);
}

function planNorm(spec: Spec, N: number, width: number, times: number, sink: OperationSink): void {
  sink.rows(spec.norm === "rms" ? "rmsNorm" : "layerNorm", N, width, times);
}

function activationKind({ activation }: Spec): RowKind {
  if (activation === "silu") return "silu";
  return activation === "gelu" || activation === "gelu_tanh" ? "gelu" : "relu";
}
