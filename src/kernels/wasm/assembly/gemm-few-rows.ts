// out [M,N] = a [M,K] · b [N,K]ᵀ for few rows (decoding with float weights): dot products straight from memory, since
// packing b would cost more than the product. The order of additions differs from gemm.ts, so the last bits do too.
import { shareBegin, shareEnd } from "./control";
import { madd_ps, sum_ps } from "./math";
import { interleaveHigh, interleaveLow, pairsHigh, pairsLow } from "./pack";

/**
 * Most rows that are faster here than packed. Measured on Sapphire Rapids with K 192, N 576: 8 rows take 50 µs here and
 * 70 packed, 1 row 8 and 42.
 */
export const FEW_ROWS: i32 = 8;

export function gemmFewRows(
  out: usize,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  const end = shareEnd(N, 4);
  const step = <usize>ldb << 2;
  let n = shareBegin(N, 4);
  for (; n + 4 <= end; n += 4) {
    const rows = b + <usize>n * step;
    for (let m = 0; m < M; m++) {
      const at = out + ((<usize>m * ldc + n) << 2);
      const sums = dot4(a + ((<usize>m * lda) << 2), rows, step, K);
      v128.store(at, accumulate ? f32x4.add(v128.load(at), sums) : sums);
    }
  }
  for (; n < end; n++) {
    for (let m = 0; m < M; m++) {
      const at = out + ((<usize>m * ldc + n) << 2);
      const sum = dot(a + ((<usize>m * lda) << 2), b + <usize>n * step, K);
      store<f32>(at, accumulate ? load<f32>(at) + sum : sum);
    }
  }
}

/** Dot products of x with four rows of y; eight sums hide the latency of the multiply-adds. */
function dot4(x: usize, y0: usize, step: usize, n: i32): v128 {
  const y1 = y0 + step;
  const y2 = y1 + step;
  const y3 = y2 + step;
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let t0 = f32x4.splat(0);
  let t1 = f32x4.splat(0);
  let t2 = f32x4.splat(0);
  let t3 = f32x4.splat(0);
  const bytes = <usize>n << 2;
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const a = v128.load(x + at);
    s0 = madd_ps(a, v128.load(y0 + at), s0);
    s1 = madd_ps(a, v128.load(y1 + at), s1);
    s2 = madd_ps(a, v128.load(y2 + at), s2);
    s3 = madd_ps(a, v128.load(y3 + at), s3);
    const b = v128.load(x + at, 16);
    t0 = madd_ps(b, v128.load(y0 + at, 16), t0);
    t1 = madd_ps(b, v128.load(y1 + at, 16), t1);
    t2 = madd_ps(b, v128.load(y2 + at, 16), t2);
    t3 = madd_ps(b, v128.load(y3 + at, 16), t3);
  }
  for (; at < bytes; at += 4) {
    const a = v128.load32_zero(x + at);
    s0 = madd_ps(a, v128.load32_zero(y0 + at), s0);
    s1 = madd_ps(a, v128.load32_zero(y1 + at), s1);
    s2 = madd_ps(a, v128.load32_zero(y2 + at), s2);
    s3 = madd_ps(a, v128.load32_zero(y3 + at), s3);
  }
  return laneSums(f32x4.add(s0, t0), f32x4.add(s1, t1), f32x4.add(s2, t2), f32x4.add(s3, t3));
}

/** The sums of the lanes of four vectors, as one vector. */
// @ts-ignore: decorator
@inline
function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(interleaveLow(a, b), interleaveHigh(a, b));
  const cd = f32x4.add(interleaveLow(c, d), interleaveHigh(c, d));
  return f32x4.add(pairsLow(ab, cd), pairsHigh(ab, cd));
}

function dot(x: usize, y: usize, n: i32): f32 {
  const bytes = <usize>n << 2;
  let sums = f32x4.splat(0);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) sums = madd_ps(v128.load(x + at), v128.load(y + at), sums);
  let sum = sum_ps(sums);
  for (; at < bytes; at += 4) sum += load<f32>(x + at) * load<f32>(y + at);
  return sum;
}
