// Sizes of the backend's private layouts. Must agree with assembly/int4.ts and assembly/kv.ts.
import type { KvFormat, SimdLevel } from "../backend.ts";

/**
 * Bytes of quantised activations for x [N,K], K padded to a multiple of 32: per token its codes (int8; int16 without
 * relaxed SIMD), an int32 offset per block of 32 and an f32 scale. The layout is described in assembly/int4.ts.
 */
export function activationBytes(N: number, K: number, simd: SimdLevel): number {
  const blocks = Math.ceil(K / 32);
  const tokens = Math.ceil(N / 6) * 6;
  return tokens * (blocks * (simd === "relaxed" ? 36 : 68) + 4);
}

/** Bytes of one layer's keys or values: int8 codes [K, capacity, D] then f32 scales [K, capacity], or f32 [K, capacity, D]. */
export function kvBytes(capacity: number, K: number, D: number, format: KvFormat): number {
  const elements = capacity * K * D;
  return format === "f32" ? elements * 4 : Math.ceil(elements / 16) * 16 + capacity * K * 4;
}
