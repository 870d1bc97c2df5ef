// The inner loops of the int4 matrix product without relaxed SIMD: int16 activations, i32x4.dot_i16x8_s. Same sums, bit
// for bit in the integer part, at about half the speed of int4-tiles.ts.
import { CONSTANTS } from "./op";

const BLOCK: usize = 144;

/** Adds the products of one 16-byte vector of codes (4 rows × 4 k, low and high nibbles) and 8 activations. */
// @ts-ignore: decorator
@inline
function accumulate(sums: v128, codes: v128, mask: v128, x: usize): v128 {
  // Int16 lanes: even k in the low byte, odd k in the high byte; activations are stored as (k0, k2, k1, k3).
  sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(codes, mask), v128.load32_splat(x)));
  sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(codes, 8), mask), v128.load32_splat(x, 4)));
  sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(codes, 4), mask), v128.load32_splat(x, 32)));
  return i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.shr_u(codes, 12), v128.load32_splat(x, 36)));
}

// @ts-ignore: decorator
@inline
function fold(sums: v128, total: v128, scale: v128): v128 {
  return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(total), scale));
}

// @ts-ignore: decorator
@inline
function scales(at: usize): v128 {
  return i32x4.shl(v128.load16x4_u(at), 16);
}

/** sums f32 [8] = 8 weight rows · one token. */
export function decodeTileSimd128(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS, 48);
  let f0 = f32x4.splat(0);
  let f1 = f0;
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 36) {
    let a0 = v128.load32_splat(x, 64);
    let a1 = a0;
    let codes = w;
    for (const stop = x + 32; x != stop; x += 8, codes += 32) {
      a0 = accumulate(a0, v128.load(codes, 16), mask, x);
      a1 = accumulate(a1, v128.load(codes, 32), mask, x);
    }
    f0 = fold(f0, a0, scales(w));
    f1 = fold(f1, a1, scales(w + 8));
  }
  const scale = v128.load32_splat(x);
  v128.store(sums, f32x4.mul(f0, scale));
  v128.store(sums, f32x4.mul(f1, scale), 16);
}

/** sums f32 [6,4] = row quad `quad` (0 or 1) of a panel · six tokens. */
export function prefillTileSimd128(sums: usize, x: usize, w: usize, blocks: i32, quad: i32): void {
  const mask = v128.load(CONSTANTS, 48);
  let f0 = f32x4.splat(0);
  let f1 = f0;
  let f2 = f0;
  let f3 = f0;
  let f4 = f0;
  let f5 = f0;
  const end = w + <usize>blocks * BLOCK;
  for (let v = w + ((<usize>quad) << 4), s = w + ((<usize>quad) << 3); s < end; v += BLOCK, s += BLOCK, x += 24) {
    let a0 = v128.load32_splat(x, 384);
    let a1 = v128.load32_splat(x, 388);
    let a2 = v128.load32_splat(x, 392);
    let a3 = v128.load32_splat(x, 396);
    let a4 = v128.load32_splat(x, 400);
    let a5 = v128.load32_splat(x, 404);
    let codes = v;
    for (const stop = x + 192; x != stop; x += 48, codes += 32) {
      const bytes = v128.load(codes, 16);
      let c = v128.and(bytes, mask);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c, v128.load32_splat(x)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 8)));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 16)));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 24)));
      a4 = i32x4.add(a4, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 32)));
      a5 = i32x4.add(a5, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 40)));
      c = v128.and(i16x8.shr_u(bytes, 8), mask);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 4)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 12)));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 20)));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 28)));
      a4 = i32x4.add(a4, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 36)));
      a5 = i32x4.add(a5, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 44)));
      c = v128.and(i16x8.shr_u(bytes, 4), mask);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 192)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 200)));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 208)));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 216)));
      a4 = i32x4.add(a4, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 224)));
      a5 = i32x4.add(a5, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 232)));
      c = i16x8.shr_u(bytes, 12);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 196)));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 204)));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 212)));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 220)));
      a4 = i32x4.add(a4, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 228)));
      a5 = i32x4.add(a5, i32x4.dot_i16x8_s(c, v128.load32_splat(x, 236)));
    }
    x += 192;
    const scale = scales(s);
    f0 = fold(f0, a0, scale);
    f1 = fold(f1, a1, scale);
    f2 = fold(f2, a2, scale);
    f3 = fold(f3, a3, scale);
    f4 = fold(f4, a4, scale);
    f5 = fold(f5, a5, scale);
  }
  v128.store(sums, f32x4.mul(f0, v128.load32_splat(x)));
  v128.store(sums, f32x4.mul(f1, v128.load32_splat(x, 4)), 16);
  v128.store(sums, f32x4.mul(f2, v128.load32_splat(x, 8)), 32);
  v128.store(sums, f32x4.mul(f3, v128.load32_splat(x, 12)), 48);
  v128.store(sums, f32x4.mul(f4, v128.load32_splat(x, 16)), 64);
  v128.store(sums, f32x4.mul(f5, v128.load32_splat(x, 20)), 80);
}
