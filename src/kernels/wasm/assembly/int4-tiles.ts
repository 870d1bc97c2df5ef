// The inner loops of the int4 matrix product: 4 × 8 or 8 weight rows × 1 token (decode) and 4 rows × 6 tokens
// (prefill), for relaxed SIMD: pairs of products in int16, widened once a block. The layouts they read are described in
// int4.ts; the twins are in int4-tiles-dot.ts (machines with an int8 dot product) and int4-tiles-simd128.ts (no relaxed
// SIMD).
import { CONSTANTS } from "./op";
import { madd_ps } from "./math";

/** Bytes of one block: 8 bf16 scales, then 8 rows × 32 codes of 4 bits. */
const BLOCK: usize = 144;

// @ts-ignore: decorator
@inline
function high(v: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(v, 4), mask);
}

// @ts-ignore: decorator
@inline
function dot(x: v128, codes: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(x, codes);
}

/** Adds block scale · (sum of products + offset) to the running f32 sums of four rows. */
// @ts-ignore: decorator
@inline
function fold(sums: v128, products: v128, ones: v128, offset: v128, scale: v128): v128 {
  return madd_ps(f32x4.convert_i32x4_s(i32x4.add(i32x4.dot_i16x8_s(products, ones), offset)), scale, sums);
}

// @ts-ignore: decorator
@inline
function scales(at: usize): v128 {
  return i32x4.shl(v128.load16x4_u(at), 16);
}

/** Products of one vector of codes (4 rows × 4 k low, the same rows × 4 k high) in int16 pairs. */
// @ts-ignore: decorator
@inline
function products(codes: v128, low: v128, top: v128, mask: v128): v128 {
  return i16x8.add(dot(low, v128.and(codes, mask)), dot(top, high(codes, mask)));
}

/**
 * sums f32 [4,8] = four panels, `step` bytes apart, · one token. Four streams far from each other keep the memory
 * busier than one: weights that no cache holds arrive at 12 GB/s instead of 6.6 (one thread of a Xeon whose plain reads
 * reach 14). The stores of `mask`: see prefillTile.
 */
export function decodePanels(sums: usize, x: usize, w: usize, blocks: i32, step: usize): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
  let f0 = f32x4.splat(0);
  let f1 = f0;
  let f2 = f0;
  let f3 = f0;
  let f4 = f0;
  let f5 = f0;
  let f6 = f0;
  let f7 = f0;
  let w1 = w + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, w1 += BLOCK, w2 += BLOCK, w3 += BLOCK, x += 36) {
    let low = v128.load32_splat(x);
    let top = v128.load32_splat(x, 16);
    let a0 = products(v128.load(w, 16), low, top, mask);
    let a1 = products(v128.load(w, 32), low, top, mask);
    let a2 = products(v128.load(w1, 16), low, top, mask);
    let a3 = products(v128.load(w1, 32), low, top, mask);
    let a4 = products(v128.load(w2, 16), low, top, mask);
    let a5 = products(v128.load(w2, 32), low, top, mask);
    let a6 = products(v128.load(w3, 16), low, top, mask);
    let a7 = products(v128.load(w3, 32), low, top, mask);
    v128.store(sums, mask);
    low = v128.load32_splat(x, 4);
    top = v128.load32_splat(x, 20);
    a0 = i16x8.add(a0, products(v128.load(w, 48), low, top, mask));
    a1 = i16x8.add(a1, products(v128.load(w, 64), low, top, mask));
    a2 = i16x8.add(a2, products(v128.load(w1, 48), low, top, mask));
    a3 = i16x8.add(a3, products(v128.load(w1, 64), low, top, mask));
    a4 = i16x8.add(a4, products(v128.load(w2, 48), low, top, mask));
    a5 = i16x8.add(a5, products(v128.load(w2, 64), low, top, mask));
    a6 = i16x8.add(a6, products(v128.load(w3, 48), low, top, mask));
    a7 = i16x8.add(a7, products(v128.load(w3, 64), low, top, mask));
    v128.store(sums, mask);
    low = v128.load32_splat(x, 8);
    top = v128.load32_splat(x, 24);
    a0 = i16x8.add(a0, products(v128.load(w, 80), low, top, mask));
    a1 = i16x8.add(a1, products(v128.load(w, 96), low, top, mask));
    a2 = i16x8.add(a2, products(v128.load(w1, 80), low, top, mask));
    a3 = i16x8.add(a3, products(v128.load(w1, 96), low, top, mask));
    a4 = i16x8.add(a4, products(v128.load(w2, 80), low, top, mask));
    a5 = i16x8.add(a5, products(v128.load(w2, 96), low, top, mask));
    a6 = i16x8.add(a6, products(v128.load(w3, 80), low, top, mask));
    a7 = i16x8.add(a7, products(v128.load(w3, 96), low, top, mask));
    v128.store(sums, mask);
    low = v128.load32_splat(x, 12);
    top = v128.load32_splat(x, 28);
    a0 = i16x8.add(a0, products(v128.load(w, 112), low, top, mask));
    a1 = i16x8.add(a1, products(v128.load(w, 128), low, top, mask));
    a2 = i16x8.add(a2, products(v128.load(w1, 112), low, top, mask));
    a3 = i16x8.add(a3, products(v128.load(w1, 128), low, top, mask));
    a4 = i16x8.add(a4, products(v128.load(w2, 112), low, top, mask));
    a5 = i16x8.add(a5, products(v128.load(w2, 128), low, top, mask));
    a6 = i16x8.add(a6, products(v128.load(w3, 112), low, top, mask));
    a7 = i16x8.add(a7, products(v128.load(w3, 128), low, top, mask));
    const offset = v128.load32_splat(x, 32);
    f0 = fold(f0, a0, ones, offset, scales(w));
    f1 = fold(f1, a1, ones, offset, scales(w + 8));
    f2 = fold(f2, a2, ones, offset, scales(w1));
    f3 = fold(f3, a3, ones, offset, scales(w1 + 8));
    f4 = fold(f4, a4, ones, offset, scales(w2));
    f5 = fold(f5, a5, ones, offset, scales(w2 + 8));
    f6 = fold(f6, a6, ones, offset, scales(w3));
    f7 = fold(f7, a7, ones, offset, scales(w3 + 8));
  }
  const scale = v128.load32_splat(x);
  v128.store(sums, f32x4.mul(f0, scale));
  v128.store(sums, f32x4.mul(f1, scale), 16);
  v128.store(sums, f32x4.mul(f2, scale), 32);
  v128.store(sums, f32x4.mul(f3, scale), 48);
  v128.store(sums, f32x4.mul(f4, scale), 64);
  v128.store(sums, f32x4.mul(f5, scale), 80);
  v128.store(sums, f32x4.mul(f6, scale), 96);
  v128.store(sums, f32x4.mul(f7, scale), 112);
}

/** sums f32 [8] = 8 weight rows · one token: what is left when the panels are not a multiple of four. */
export function decodeTile(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
  let f0 = f32x4.splat(0);
  let f1 = f0;
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 36) {
    let v0 = v128.load(w, 16);
    let v1 = v128.load(w, 32);
    let low = v128.load32_splat(x);
    let top = v128.load32_splat(x, 16);
    let a0 = i16x8.add(dot(low, v128.and(v0, mask)), dot(top, high(v0, mask)));
    let a1 = i16x8.add(dot(low, v128.and(v1, mask)), dot(top, high(v1, mask)));
    v0 = v128.load(w, 48);
    v1 = v128.load(w, 64);
    low = v128.load32_splat(x, 4);
    top = v128.load32_splat(x, 20);
    a0 = i16x8.add(i16x8.add(a0, dot(low, v128.and(v0, mask))), dot(top, high(v0, mask)));
    a1 = i16x8.add(i16x8.add(a1, dot(low, v128.and(v1, mask))), dot(top, high(v1, mask)));
    v0 = v128.load(w, 80);
    v1 = v128.load(w, 96);
    low = v128.load32_splat(x, 8);
    top = v128.load32_splat(x, 24);
    a0 = i16x8.add(i16x8.add(a0, dot(low, v128.and(v0, mask))), dot(top, high(v0, mask)));
    a1 = i16x8.add(i16x8.add(a1, dot(low, v128.and(v1, mask))), dot(top, high(v1, mask)));
    v0 = v128.load(w, 112);
    v1 = v128.load(w, 128);
    low = v128.load32_splat(x, 12);
    top = v128.load32_splat(x, 28);
    a0 = i16x8.add(i16x8.add(a0, dot(low, v128.and(v0, mask))), dot(top, high(v0, mask)));
    a1 = i16x8.add(i16x8.add(a1, dot(low, v128.and(v1, mask))), dot(top, high(v1, mask)));
    const offset = v128.load32_splat(x, 32);
    f0 = fold(f0, a0, ones, offset, scales(w));
    f1 = fold(f1, a1, ones, offset, scales(w + 8));
  }
  const scale = v128.load32_splat(x);
  v128.store(sums, f32x4.mul(f0, scale));
  v128.store(sums, f32x4.mul(f1, scale), 16);
}

/**
 * sums f32 [6,4] = row quad `quad` (0 or 1) of a panel · six tokens. The stores of `mask` mean nothing: loads cannot
 * move across a store, so they keep the optimiser from computing one token after the other, which needs more registers
 * than there are (Xeon at 3 GHz, Node 24: 45 GMAC/s without them, 47 with; 46 and 61 in int4-tiles-dot.ts).
 */
export function prefillTile(sums: usize, x: usize, w: usize, blocks: i32, quad: i32): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
  let f0 = f32x4.splat(0);
  let f1 = f0;
  let f2 = f0;
  let f3 = f0;
  let f4 = f0;
  let f5 = f0;
  const end = w + <usize>blocks * BLOCK;
  for (let v = w + ((<usize>quad) << 4), s = w + ((<usize>quad) << 3); s < end; v += BLOCK, s += BLOCK, x += 216) {
    let codes = v128.load(v, 16);
    let low = v128.and(codes, mask);
    let top = high(codes, mask);
    let a0 = i16x8.add(dot(v128.load32_splat(x), low), dot(v128.load32_splat(x, 96), top));
    let a1 = i16x8.add(dot(v128.load32_splat(x, 4), low), dot(v128.load32_splat(x, 100), top));
    let a2 = i16x8.add(dot(v128.load32_splat(x, 8), low), dot(v128.load32_splat(x, 104), top));
    let a3 = i16x8.add(dot(v128.load32_splat(x, 12), low), dot(v128.load32_splat(x, 108), top));
    let a4 = i16x8.add(dot(v128.load32_splat(x, 16), low), dot(v128.load32_splat(x, 112), top));
    let a5 = i16x8.add(dot(v128.load32_splat(x, 20), low), dot(v128.load32_splat(x, 116), top));
    v128.store(sums, mask);
    codes = v128.load(v, 48);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = i16x8.add(i16x8.add(a0, dot(v128.load32_splat(x, 24), low)), dot(v128.load32_splat(x, 120), top));
    a1 = i16x8.add(i16x8.add(a1, dot(v128.load32_splat(x, 28), low)), dot(v128.load32_splat(x, 124), top));
    a2 = i16x8.add(i16x8.add(a2, dot(v128.load32_splat(x, 32), low)), dot(v128.load32_splat(x, 128), top));
    a3 = i16x8.add(i16x8.add(a3, dot(v128.load32_splat(x, 36), low)), dot(v128.load32_splat(x, 132), top));
    a4 = i16x8.add(i16x8.add(a4, dot(v128.load32_splat(x, 40), low)), dot(v128.load32_splat(x, 136), top));
    a5 = i16x8.add(i16x8.add(a5, dot(v128.load32_splat(x, 44), low)), dot(v128.load32_splat(x, 140), top));
    v128.store(sums, mask);
    codes = v128.load(v, 80);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = i16x8.add(i16x8.add(a0, dot(v128.load32_splat(x, 48), low)), dot(v128.load32_splat(x, 144), top));
    a1 = i16x8.add(i16x8.add(a1, dot(v128.load32_splat(x, 52), low)), dot(v128.load32_splat(x, 148), top));
    a2 = i16x8.add(i16x8.add(a2, dot(v128.load32_splat(x, 56), low)), dot(v128.load32_splat(x, 152), top));
    a3 = i16x8.add(i16x8.add(a3, dot(v128.load32_splat(x, 60), low)), dot(v128.load32_splat(x, 156), top));
    a4 = i16x8.add(i16x8.add(a4, dot(v128.load32_splat(x, 64), low)), dot(v128.load32_splat(x, 160), top));
    a5 = i16x8.add(i16x8.add(a5, dot(v128.load32_splat(x, 68), low)), dot(v128.load32_splat(x, 164), top));
    v128.store(sums, mask);
    codes = v128.load(v, 112);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = i16x8.add(i16x8.add(a0, dot(v128.load32_splat(x, 72), low)), dot(v128.load32_splat(x, 168), top));
    a1 = i16x8.add(i16x8.add(a1, dot(v128.load32_splat(x, 76), low)), dot(v128.load32_splat(x, 172), top));
    a2 = i16x8.add(i16x8.add(a2, dot(v128.load32_splat(x, 80), low)), dot(v128.load32_splat(x, 176), top));
    a3 = i16x8.add(i16x8.add(a3, dot(v128.load32_splat(x, 84), low)), dot(v128.load32_splat(x, 180), top));
    a4 = i16x8.add(i16x8.add(a4, dot(v128.load32_splat(x, 88), low)), dot(v128.load32_splat(x, 184), top));
    a5 = i16x8.add(i16x8.add(a5, dot(v128.load32_splat(x, 92), low)), dot(v128.load32_splat(x, 188), top));
    const scale = scales(s);
    f0 = fold(f0, a0, ones, v128.load32_splat(x, 192), scale);
    f1 = fold(f1, a1, ones, v128.load32_splat(x, 196), scale);
    f2 = fold(f2, a2, ones, v128.load32_splat(x, 200), scale);
    f3 = fold(f3, a3, ones, v128.load32_splat(x, 204), scale);
    f4 = fold(f4, a4, ones, v128.load32_splat(x, 208), scale);
    f5 = fold(f5, a5, ones, v128.load32_splat(x, 212), scale);
  }
  v128.store(sums, f32x4.mul(f0, v128.load32_splat(x)));
  v128.store(sums, f32x4.mul(f1, v128.load32_splat(x, 4)), 16);
  v128.store(sums, f32x4.mul(f2, v128.load32_splat(x, 8)), 32);
  v128.store(sums, f32x4.mul(f3, v128.load32_splat(x, 12)), 48);
  v128.store(sums, f32x4.mul(f4, v128.load32_splat(x, 16)), 64);
  v128.store(sums, f32x4.mul(f5, v128.load32_splat(x, 20)), 80);
}
