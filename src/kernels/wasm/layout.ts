// Sizes of the backend's private layouts. Must agree with assembly/int4.ts, kv-pages.ts and sampling.ts.
import type { KvFormat, SimdLevel } from "../backend.ts";
import { KV_PAGE } from "./assembly/op.ts";

/**
 * Bytes of quantised activations for x [N,K], K padded to a multiple of 32: per token its codes (int8; int16 without
 * relaxed SIMD), an int32 offset per block of 32 and an f32 scale. The layout is described in assembly/int4.ts.
 */
export function activationBytes(N: number, K: number, simd: SimdLevel): number {
  const blocks = Math.ceil(K / 32);
  const tokens = Math.ceil(N / 4) * 4;
  return tokens * (blocks * (simd === "relaxed" ? 36 : 68) + 4);
}

/**
 * Bytes of one layer's keys or values in one page: K · KV_PAGE · D int8 codes and as many f32 scales as tokens and heads,
 * or K · KV_PAGE · D floats. The layout is described in assembly/kv-pages.ts.
 */
export function kvBytes(K: number, D: number, format: KvFormat): number {
  return K * KV_PAGE * (format === "f32" ? 4 * D : D + 4);
}

/** Bytes that sampling from n logits needs: the maxima of blocks of 64, then a key of 8 bytes for each. */
export function sampleBytes(n: number): number {
  return 16 * Math.ceil(Math.ceil(n / 64) / 4) + 8 * n;
}
