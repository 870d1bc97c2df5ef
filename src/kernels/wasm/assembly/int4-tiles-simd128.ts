// The inner loops of the int4 matrix product without relaxed SIMD: int16 activations, i32x4.dot_i16x8_s. Same sums, bit
// for bit in the integer part, at about half the speed of int4-tiles.ts.
import { BLOCK, scales } from "./int4-block";
import { scaleBy } from "./math";
import { CONSTANTS } from "./op";

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
    f0 = fold(f0, a0, scales(v128.load16x4_u(w)));
    f1 = fold(f1, a1, scales(v128.load16x4_u(w, 8)));
  }
  const scale = v128.load32_splat(x);
  v128.store(sums, f32x4.mul(f0, scale));
  v128.store(sums, f32x4.mul(f1, scale), 16);
}

/** sums f32 [4,8] = a panel · a group of four tokens. */
export function prefillTileSimd128(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS, 48);
  memory.fill(sums, 0, 128);
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 144) {
    let a0 = v128.load32_splat(x, 256);
    let b0 = a0;
    let a1 = v128.load32_splat(x, 260);
    let b1 = a1;
    let a2 = v128.load32_splat(x, 264);
    let b2 = a2;
    let a3 = v128.load32_splat(x, 268);
    let b3 = a3;
    let codes = w;
    for (const stop = x + 128; x != stop; x += 32, codes += 32) {
      const v0 = v128.load(codes, 16);
      const v1 = v128.load(codes, 32);
      let c0 = v128.and(v0, mask);
      let c1 = v128.and(v1, mask);
      let s = v128.load32_splat(x);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c0, s));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 8);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c0, s));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 16);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c0, s));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 24);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c0, s));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(c1, s));
      c0 = v128.and(i16x8.shr_u(v0, 8), mask);
      c1 = v128.and(i16x8.shr_u(v1, 8), mask);
      s = v128.load32_splat(x, 4);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c0, s));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 12);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c0, s));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 20);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c0, s));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 28);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c0, s));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(c1, s));
      c0 = v128.and(i16x8.shr_u(v0, 4), mask);
      c1 = v128.and(i16x8.shr_u(v1, 4), mask);
      s = v128.load32_splat(x, 128);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c0, s));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 136);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c0, s));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 144);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c0, s));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 152);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c0, s));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(c1, s));
      c0 = i16x8.shr_u(v0, 12);
      c1 = i16x8.shr_u(v1, 12);
      s = v128.load32_splat(x, 132);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(c0, s));
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 140);
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(c0, s));
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 148);
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(c0, s));
      b2 = i32x4.add(b2, i32x4.dot_i16x8_s(c1, s));
      s = v128.load32_splat(x, 156);
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(c0, s));
      b3 = i32x4.add(b3, i32x4.dot_i16x8_s(c1, s));
    }
    const scale0 = scales(v128.load16x4_u(w));
    const scale1 = scales(v128.load16x4_u(w, 8));
    v128.store(sums, fold(v128.load(sums), a0, scale0));
    v128.store(sums, fold(v128.load(sums, 16), b0, scale1), 16);
    v128.store(sums, fold(v128.load(sums, 32), a1, scale0), 32);
    v128.store(sums, fold(v128.load(sums, 48), b1, scale1), 48);
    v128.store(sums, fold(v128.load(sums, 64), a2, scale0), 64);
    v128.store(sums, fold(v128.load(sums, 80), b2, scale1), 80);
    v128.store(sums, fold(v128.load(sums, 96), a3, scale0), 96);
    v128.store(sums, fold(v128.load(sums, 112), b3, scale1), 112);
  }
  for (let t: usize = 0; t < 4; t++, x += 4, sums += 32) scaleBy(v128.load32_splat(x), sums, 32);
}
