// What an architecture costs, from its spec alone: parameters, bytes, FLOPs, cache. Pure functions; nothing is measured.
//
// Conventions: linear layers have no biases; LayerNorm has a weight and a bias, RMSNorm a weight; a multiply and an add
// are two FLOPs; norms, activations, RoPE and softmax are left out of FLOPs (under 1 % beyond width 256).
import type { Spec } from "./spec.ts";

/** Weight storage: `int8` has one f32 scale per row, `int4` one bf16 scale per 32 weights of a row (4.5 bits each). */
export type Precision = "f32" | "f16" | "int8" | "int4";

/** KV cache storage: `int8` has one f32 scale per head and token. */
export type CachePrecision = "f32" | "int8";

/** Numbers of weights. A block with `layerRepeat` counts once: its copies share them. */
export interface ParameterCounts {
  /** Everything that is stored. */
  total: number;
  /** Token embedding, V·C. */
  embedding: number;
  /** Output head, V·C; 0 when it is tied to the embedding. */
  head: number;
  /** One distinct block: attention + ffn + norms. */
  perBlock: number;
  /** Query, key, value and output projections of one block. */
  attention: number;
  /** FFN matrices of one block. */
  ffn: number;
  /** All norms of the model, the final one included; these stay f32 at every precision. */
  norms: number;
}

/** The matrices of one block as [rows, columns] = [out features, in features], in the order they run. */
export function blockMatrices(spec: Spec): [rows: number, columns: number][] {
  const { width: C, ffnWidth: F, headSize: D } = spec;
  const query = spec.heads * D;
  const keyValue = spec.kvHeads * D;
  const attention: [number, number][] = [
    [query, C],
    [keyValue, C],
    [keyValue, C],
    [C, query],
  ];
  const ffn: [number, number][] = spec.gated
    ? [
        [F, C],
        [F, C],
        [C, F],
      ]
    : [
        [F, C],
        [C, F],
      ];
  return [...attention, ...ffn];
}

/**
 * Counts parameters.
 *
 * Reproduces MobileLLM's Table 9 (vocabulary 32,000, tied) and the sizes of PhoneLM's Table 7 (vocabulary 49,152, tied).
 */
export function countParameters(spec: Spec): ParameterCounts {
  const sizes = blockMatrices(spec).map(([rows, columns]) => rows * columns);
  const attention = sum(sizes.slice(0, 4));
  const ffn = sum(sizes.slice(4));
  const norm = spec.width * (spec.norm === "layer" ? 2 : 1);
  const embedding = spec.vocabulary * spec.width;
  const head = spec.tiedEmbeddings ? 0 : embedding;
  const perBlock = attention + ffn + 2 * norm;
  const norms = (2 * spec.layers + 1) * norm;
  return { total: embedding + head + spec.layers * perBlock + norm, embedding, head, perBlock, attention, ffn, norms };
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

/** Bytes of all weights at a precision. Embedding and head are at that precision too; norms stay f32. */
export function modelBytes(spec: Spec, precision: Precision): number {
  const table = matrixBytes(spec.vocabulary, spec.width, precision);
  return (
    table * (spec.tiedEmbeddings ? 1 : 2) + spec.layers * blockBytes(spec, precision) + countParameters(spec).norms * 4
  );
}

/** Bytes that one token adds to the KV cache. Every run of a repeated block keeps its own keys and values. */
export function kvBytesPerToken(spec: Spec, cache: CachePrecision = "int8"): number {
  const perHead = cache === "f32" ? spec.headSize * 4 : spec.headSize + 4;
  return spec.layers * spec.layerRepeat * 2 * spec.kvHeads * perHead;
}

/** What a forward pass does: `tokens` T new ones after `cached` S (default 0), with logits for the last or for all. */
export interface ForwardWork {
  tokens: number;
  cached?: number;
  logits?: "last" | "all";
}

/** FLOPs of one forward pass, causal attention counted exactly (token t attends to S + t + 1 positions). */
export function forwardFlops(spec: Spec, { tokens, cached = 0, logits = "last" }: ForwardWork): number {
  const { attention, ffn, embedding } = countParameters(spec);
  const blocks = spec.layers * spec.layerRepeat;
  const pairs = tokens * cached + (tokens * (tokens + 1)) / 2;
  const perBlock = 2 * tokens * (attention + ffn) + 4 * spec.heads * spec.headSize * pairs;
  return blocks * perBlock + 2 * embedding * (logits === "all" ? tokens : Math.min(1, tokens));
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
  const head = matrixBytes(spec.vocabulary, spec.width, precision);
  const row = head / spec.vocabulary;
  const norms = countParameters(spec).norms * 4;
  return head + row + spec.layers * blockBytes(spec, precision) + norms + context * kvBytesPerToken(spec, cache);
}

function blockBytes(spec: Spec, precision: Precision): number {
  return sum(blockMatrices(spec).map(([rows, columns]) => matrixBytes(rows, columns, precision)));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
