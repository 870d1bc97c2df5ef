// Sizes of the backend's private layouts. Must agree with assembly/int4.ts and assembly/kv.ts.
import type { KvFormat } from "../backend.ts";

/**
 * Bytes of quantised activations for x [N,K], K padded to a multiple of 32: int8 codes, then f32 scales and corrections.
 * The layout itself is described in assembly/int4.ts.
 */
export function activationBytes(N: number, K: number): number {
  const rows = Math.ceil(N / 6) * 6;
  const padded = Math.ceil(K / 32) * 32;
  return rows * padded + rows * (padded / 32) * 8;
}

/** Bytes of one layer's keys or values: int8 codes [K, capacity, D] then f32 scales [K, capacity], or f32 [K, capacity, D]. */
export function kvBytes(capacity: number, K: number, D: number, format: KvFormat): number {
  const elements = capacity * K * D;
  return format === "f32" ? elements * 4 : Math.ceil(elements / 16) * 16 + capacity * K * 4;
}
