// What an architecture costs, from its spec alone: parameters, bytes, FLOPs, cache. Pure functions; nothing is measured.
//
// Conventions: LayerNorm has a weight and a bias, RMSNorm a weight; a multiply and an add are two FLOPs; norms, biases,
// activations, RoPE and softmax are left out of FLOPs (under 1 % beyond width 256).
import { layerShape, layerWindow, type Spec } from "./spec.ts";

/** Weight storage: `int8` has one f32 scale per row, `int4` one bf16 scale per 32 weights of a row (4.5 bits each). */
export type Precision = "f32" | "f16" | "int8" | "int4";

/** KV cache storage: `int8` has one f32 scale per head and token. */
export type CachePrecision = "f32" | "int8";

/** Numbers of weights. A block with `layerRepeat`, and a shared FFN, count once: their copies share them. */
export interface ParameterCounts {
  /** Everything that is stored. */
  total: number;
  /** Token embedding, V·E, with the matrix to the model's width and learned positions where there are such. */
  embedding: number;
  /** Output head, V·E; 0 when it is tied to the embedding. With the matrix from the model's width where there is one. */
  head: number;
  /** One distinct block: attention + ffn + norms. Where blocks differ, their mean. */
  perBlock: number;
  /** Query, key, value and output projections of one block, with their biases. */
  attention: number;
  /** FFN matrices of one block, with their biases. */
  ffn: number;
  /** All norms of the model, the final one included; these stay f32 at every precision. */
  norms: number;
}

type MatrixSize = [rows: number, columns: number];

/** The matrices of block i as [rows, columns] = [out features, in features], in the order they run. */
export function blockMatrices(spec: Spec, i = 0): MatrixSize[] {
  return [...attentionMatrices(spec, i), ...ffnMatrices(spec, i)];
}

/** With latent attention these are the matrices as stored here: keys and values unfolded to whole heads. */
function attentionMatrices(spec: Spec, i: number): MatrixSize[] {
  const { width: C, headSize: D, latent, ropeSize } = spec;
  const { heads, kvHeads } = layerShape(spec, i);
  const query = heads * D;
  const keyValue = kvHeads * D;
  if (latent === null) {
    return [
      [query, C],
      [keyValue, C],
      [keyValue, C],
      [C, query],
    ];
  }
  const shared = latent.keyValue + ropeSize;
  return [
    [latent.query, C],
    [shared, C],
    [query, latent.query],
    [keyValue, shared],
    [keyValue, shared],
    [C, query],
  ];
}

function ffnMatrices(spec: Spec, i: number): MatrixSize[] {
  const { width: C } = spec;
  const { ffnWidth: F } = layerShape(spec, i);
  const up: MatrixSize = [F, C];
  return spec.gated ? [up, up, [C, F]] : [up, [C, F]];
}

/**
 * Counts parameters, as they are published: what loading unfolds or copies does not count.
 *
 * Reproduces MobileLLM's Table 9 (vocabulary 32,000, tied) and the sizes of PhoneLM's Table 7 (vocabulary 49,152, tied).
 */
export function countParameters(spec: Spec): ParameterCounts {
  const { width: C, embeddingWidth: E, vocabulary: V, layers } = spec;
  const blocks = Array.from({ length: layers }, (_, i) => i);
  const attention = sum(blocks.map((i) => attentionParameters(spec, i))) / layers;
  const ffn = sum(blocks.map((i) => (spec.sharedFfn && i > 0 ? 0 : ffnParameters(spec, i)))) / layers;
  const norm = C * (spec.norm === "layer" ? 2 : 1);
  const perBlockNorms = sum(blocks.map((i) => blockNorms(spec, i))) / layers;
  const between = E === C ? 0 : E * C;
  const positions = spec.positions === "learned" ? spec.context * C : 0;
  const embedding = V * E + between + positions;
  const head = (spec.tiedEmbeddings ? 0 : V * E) + between + (spec.headBias ? V : 0);
  const outside = (spec.embeddingNorm ? norm : 0) + (spec.normPlacement === "post" ? 0 : norm);
  const perBlock = attention + ffn + perBlockNorms;
  const norms = layers * perBlockNorms + outside;
  return { total: embedding + head + layers * perBlock + outside, embedding, head, perBlock, attention, ffn, norms };
}

function attentionParameters(spec: Spec, i: number): number {
  const { width: C, headSize: D, latent, ropeSize } = spec;
  const { heads } = layerShape(spec, i);
  const biases = attentionBiases(spec, i);
  if (latent === null) return elements(attentionMatrices(spec, i)) + biases;
  const { query, keyValue, valueSize } = latent;
  const down = C * (query + keyValue + ropeSize);
  return down + heads * (query * D + keyValue * (D - ropeSize + valueSize) + valueSize * C) + biases;
}

function attentionBiases(spec: Spec, i: number): number {
  const { heads, kvHeads } = layerShape(spec, i);
  const { latent } = spec;
  const ofDowns = latent === null ? 0 : latent.query + latent.keyValue + spec.ropeSize;
  const ofInputs = latent === null ? (heads + 2 * kvHeads) * spec.headSize : ofDowns;
  return (spec.qkvBias ? ofInputs : 0) + (spec.outputBias ? spec.width : 0);
}

function ffnParameters(spec: Spec, i: number): number {
  return elements(ffnMatrices(spec, i)) + ffnBiases(spec, i);
}

function ffnBiases(spec: Spec, i: number): number {
  return spec.ffnBias ? layerShape(spec, i).ffnWidth * (spec.gated ? 2 : 1) + spec.width : 0;
}

function blockNorms(spec: Spec, i: number): number {
  const { width: C, headSize: D, latent } = spec;
  const { heads, kvHeads } = layerShape(spec, i);
  const ofQueries = { none: 0, head: 2 * D, width: (heads + kvHeads) * D }[spec.qkNorm];
  const ofLatents = latent === null ? 0 : latent.query + latent.keyValue;
  const ofStream = (spec.normPlacement === "sandwich" ? 4 : 2) * C;
  return (ofStream + ofQueries + ofLatents) * (spec.norm === "layer" ? 2 : 1);
}

/** Bytes of a [rows, columns] matrix at a precision; packed ones with the padding to 8 rows × 32 columns of their blocks. */
export function matrixBytes(rows: number, columns: number, precision: Precision): number {
  switch (precision) {
    case "f32":
      return rows * columns * 4;
    case "f16":
      return rows * columns * 2;
    case "int8":
      return Math.ceil(rows / 8) * (Math.ceil(columns / 32) * 256 + 32);
    case "int4":
      return Math.ceil(rows / 8) * Math.ceil(columns / 32) * 144;
  }
}

/** Bytes of all weights at a precision. Embedding and head are at that precision too; norms and biases stay f32. */
export function modelBytes(spec: Spec, precision: Precision): number {
  const { width: C, embeddingWidth: E } = spec;
  const table = matrixBytes(spec.vocabulary, E, precision);
  const between = E === C ? 0 : matrixBytes(C, E, precision) + matrixBytes(E, C, precision);
  return table * (spec.tiedEmbeddings ? 1 : 2) + between + blocksBytes(spec, precision) + vectorBytes(spec);
}

/** Bytes that one token adds to the KV cache. Every run of a repeated block keeps its own keys and values. */
export function kvBytesPerToken(spec: Spec, cache: CachePrecision = "int8"): number {
  const perHead = cache === "f32" ? spec.headSize * 4 : spec.headSize + 4;
  const heads = sum(Array.from({ length: spec.layers }, (_, i) => layerShape(spec, i).kvHeads));
  return heads * spec.layerRepeat * 2 * perHead;
}

/** What a forward pass does: `tokens` T new ones after `cached` S (default 0), with logits for the last or for all. */
export interface ForwardWork {
  tokens: number;
  cached?: number;
  logits?: "last" | "all";
}

/**
 * FLOPs of one forward pass, causal attention counted exactly: token t attends to S + t + 1 positions, or to its window.
 */
export function forwardFlops(spec: Spec, { tokens, cached = 0, logits = "last" }: ForwardWork): number {
  let perRun = 0;
  for (let i = 0; i < spec.layers; i++) {
    const pairs = attendedPairs(tokens, cached, layerWindow(spec, i));
    perRun += 2 * tokens * elements(blockMatrices(spec, i));
    perRun += 4 * layerShape(spec, i).heads * spec.headSize * pairs;
  }
  const { width: C, embeddingWidth: E, vocabulary: V } = spec;
  const rows = logits === "all" ? tokens : Math.min(1, tokens);
  const between = E === C ? 0 : 2 * E * C * (tokens + rows);
  return spec.layerRepeat * perRun + 2 * V * E * rows + between;
}

function attendedPairs(tokens: number, cached: number, window: number): number {
  const all = tokens * cached + (tokens * (tokens + 1)) / 2;
  if (window === 0 || cached + tokens <= window) return all;
  // Tokens whose past is shorter than the window, then whole windows.
  const growing = Math.max(0, Math.min(tokens, window - cached));
  return growing * cached + (growing * (growing + 1)) / 2 + (tokens - growing) * window;
}

/** FLOPs to prefill `tokens` T into an empty cache, with logits for the last token only. */
export function prefillFlops(spec: Spec, tokens: number): number {
  return forwardFlops(spec, { tokens });
}

/** FLOPs to decode one token when `context` S tokens are cached. */
export function decodeFlops(spec: Spec, context: number): number {
  return forwardFlops(spec, { tokens: 1, cached: context });
}

/** Training FLOPs per token of a sequence of `tokens` T: forward plus twice that backward, logits at every position. */
export function trainingFlopsPerToken(spec: Spec, tokens: number): number {
  return (3 * forwardFlops(spec, { tokens, logits: "all" })) / tokens;
}

/**
 * Bytes read from memory to decode one token when `context` S tokens are cached: every distinct weight once, one row of
 * the embedding, and the cache. A repeated block counts once because its second run finds it in the processor's cache
 * (MobileLLM section 2.3), which holds while one block fits there.
 */
export function decodeBytes(
  spec: Spec,
  context: number,
  precision: Precision = "int4",
  cache: CachePrecision = "int8",
): number {
  const head = matrixBytes(spec.vocabulary, spec.embeddingWidth, precision);
  const row = head / spec.vocabulary;
  return head + row + blocksBytes(spec, precision) + vectorBytes(spec) + context * kvBytesPerToken(spec, cache);
}

function blocksBytes(spec: Spec, precision: Precision): number {
  const bytes = (matrices: MatrixSize[]) =>
    sum(matrices.map(([rows, columns]) => matrixBytes(rows, columns, precision)));
  let total = 0;
  for (let i = 0; i < spec.layers; i++) {
    total += bytes(attentionMatrices(spec, i));
    if (i === 0 || !spec.sharedFfn) total += bytes(ffnMatrices(spec, i));
  }
  return total;
}

/** Norms, biases and learned positions, in f32. */
function vectorBytes(spec: Spec): number {
  const { width: C, embeddingWidth: E } = spec;
  const { embedding, norms } = countParameters(spec);
  const positions = embedding - spec.vocabulary * E - (E === C ? 0 : E * C);
  let biases = spec.headBias ? spec.vocabulary : 0;
  for (let i = 0; i < spec.layers; i++) {
    biases += attentionBiases(spec, i) + (i === 0 || !spec.sharedFfn ? ffnBiases(spec, i) : 0);
  }
  return 4 * (norms + biases + positions);
}

function elements(matrices: MatrixSize[]): number {
  return sum(matrices.map(([rows, columns]) => rows * columns));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
