// The inner loops of the int4 matrix product for machines with an int8 dot product (AVX-VNNI, Arm's SDOT): four
// products added to an int32 in one instruction. Same sums as int4-tiles.ts, bit for bit.
import { CONSTANTS } from "./op";
import { madd_ps } from "./math";

/** Bytes of one block: 8 bf16 scales, then 8 rows × 32 codes of 4 bits. */
const BLOCK: usize = 144;

/**
 * Whether relaxed dot products are worth using here. Where x86-64 lacks the instruction, engines emulate it by one that
 * saturates pairs of products at 32767, which shows when the second operand breaks its limit of 127: then
 * int4-tiles.ts is faster. Elsewhere (Arm) the emulation costs the same, so the answer does not matter.
 */
export const hasDotProduct: bool = dotProductIsExact();

function dotProductIsExact(): bool {
  if (!ASC_FEATURE_RELAXED_SIMD) return false;
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(127), i8x16.splat(-1), i32x4.splat(0));
  return i32x4.extract_lane(sums, 0) != 2 * 32767;
}

// @ts-ignore: decorator
@inline
function high(v: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(v, 4), mask);
}

// @ts-ignore: decorator
@inline
function dot(x: v128, codes: v128, sums: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, codes, sums);
}

/** Adds block scale · products to the running f32 sums of four rows. */
// @ts-ignore: decorator
@inline
function fold(sums: v128, products: v128, scale: v128): v128 {
  return madd_ps(f32x4.convert_i32x4_s(products), scale, sums);
}

// @ts-ignore: decorator
@inline
function scales(at: usize): v128 {
  return i32x4.shl(v128.load16x4_u(at), 16);
}

/** Adds the products of one vector of codes (4 rows × 4 k low, the same rows × 4 k high). */
// @ts-ignore: decorator
@inline
function accumulate(sums: v128, codes: v128, low: v128, top: v128, mask: v128): v128 {
  return dot(top, high(codes, mask), dot(low, v128.and(codes, mask), sums));
}

/** sums f32 [4,8] = four panels, `step` bytes apart, · one token; see decodePanels in int4-tiles.ts. */
export function decodePanelsDot(sums: usize, x: usize, w: usize, blocks: i32, step: usize): void {
  const mask = v128.load(CONSTANTS);
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
    const offset = v128.load32_splat(x, 32);
    let low = v128.load32_splat(x);
    let top = v128.load32_splat(x, 16);
    let a0 = accumulate(offset, v128.load(w, 16), low, top, mask);
    let a1 = accumulate(offset, v128.load(w, 32), low, top, mask);
    let a2 = accumulate(offset, v128.load(w1, 16), low, top, mask);
    let a3 = accumulate(offset, v128.load(w1, 32), low, top, mask);
    let a4 = accumulate(offset, v128.load(w2, 16), low, top, mask);
    let a5 = accumulate(offset, v128.load(w2, 32), low, top, mask);
    let a6 = accumulate(offset, v128.load(w3, 16), low, top, mask);
    let a7 = accumulate(offset, v128.load(w3, 32), low, top, mask);
    v128.store(sums, mask);
    low = v128.load32_splat(x, 4);
    top = v128.load32_splat(x, 20);
    a0 = accumulate(a0, v128.load(w, 48), low, top, mask);
    a1 = accumulate(a1, v128.load(w, 64), low, top, mask);
    a2 = accumulate(a2, v128.load(w1, 48), low, top, mask);
    a3 = accumulate(a3, v128.load(w1, 64), low, top, mask);
    a4 = accumulate(a4, v128.load(w2, 48), low, top, mask);
    a5 = accumulate(a5, v128.load(w2, 64), low, top, mask);
    a6 = accumulate(a6, v128.load(w3, 48), low, top, mask);
    a7 = accumulate(a7, v128.load(w3, 64), low, top, mask);
    v128.store(sums, mask);
    low = v128.load32_splat(x, 8);
    top = v128.load32_splat(x, 24);
    a0 = accumulate(a0, v128.load(w, 80), low, top, mask);
    a1 = accumulate(a1, v128.load(w, 96), low, top, mask);
    a2 = accumulate(a2, v128.load(w1, 80), low, top, mask);
    a3 = accumulate(a3, v128.load(w1, 96), low, top, mask);
    a4 = accumulate(a4, v128.load(w2, 80), low, top, mask);
    a5 = accumulate(a5, v128.load(w2, 96), low, top, mask);
    a6 = accumulate(a6, v128.load(w3, 80), low, top, mask);
    a7 = accumulate(a7, v128.load(w3, 96), low, top, mask);
    v128.store(sums, mask);
    low = v128.load32_splat(x, 12);
    top = v128.load32_splat(x, 28);
    a0 = accumulate(a0, v128.load(w, 112), low, top, mask);
    a1 = accumulate(a1, v128.load(w, 128), low, top, mask);
    a2 = accumulate(a2, v128.load(w1, 112), low, top, mask);
    a3 = accumulate(a3, v128.load(w1, 128), low, top, mask);
    a4 = accumulate(a4, v128.load(w2, 112), low, top, mask);
    a5 = accumulate(a5, v128.load(w2, 128), low, top, mask);
    a6 = accumulate(a6, v128.load(w3, 112), low, top, mask);
    a7 = accumulate(a7, v128.load(w3, 128), low, top, mask);
    f0 = fold(f0, a0, scales(w));
    f1 = fold(f1, a1, scales(w + 8));
    f2 = fold(f2, a2, scales(w1));
    f3 = fold(f3, a3, scales(w1 + 8));
    f4 = fold(f4, a4, scales(w2));
    f5 = fold(f5, a5, scales(w2 + 8));
    f6 = fold(f6, a6, scales(w3));
    f7 = fold(f7, a7, scales(w3 + 8));
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

/** sums f32 [6,4] = row quad `quad` (0 or 1) of a panel · six tokens. The stores of `mask`: see int4-tiles.ts. */
export function prefillTileDot(sums: usize, x: usize, w: usize, blocks: i32, quad: i32): void {
  const mask = v128.load(CONSTANTS);
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
    let a0 = dot(v128.load32_splat(x), low, v128.load32_splat(x, 192));
    a0 = dot(v128.load32_splat(x, 96), top, a0);
    let a1 = dot(v128.load32_splat(x, 4), low, v128.load32_splat(x, 196));
    a1 = dot(v128.load32_splat(x, 100), top, a1);
    let a2 = dot(v128.load32_splat(x, 8), low, v128.load32_splat(x, 200));
    a2 = dot(v128.load32_splat(x, 104), top, a2);
    let a3 = dot(v128.load32_splat(x, 12), low, v128.load32_splat(x, 204));
    a3 = dot(v128.load32_splat(x, 108), top, a3);
    let a4 = dot(v128.load32_splat(x, 16), low, v128.load32_splat(x, 208));
    a4 = dot(v128.load32_splat(x, 112), top, a4);
    let a5 = dot(v128.load32_splat(x, 20), low, v128.load32_splat(x, 212));
    a5 = dot(v128.load32_splat(x, 116), top, a5);
    v128.store(sums, mask);
    codes = v128.load(v, 48);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = dot(v128.load32_splat(x, 24), low, a0);
    a0 = dot(v128.load32_splat(x, 120), top, a0);
    a1 = dot(v128.load32_splat(x, 28), low, a1);
    a1 = dot(v128.load32_splat(x, 124), top, a1);
    a2 = dot(v128.load32_splat(x, 32), low, a2);
    a2 = dot(v128.load32_splat(x, 128), top, a2);
    a3 = dot(v128.load32_splat(x, 36), low, a3);
    a3 = dot(v128.load32_splat(x, 132), top, a3);
    a4 = dot(v128.load32_splat(x, 40), low, a4);
    a4 = dot(v128.load32_splat(x, 136), top, a4);
    a5 = dot(v128.load32_splat(x, 44), low, a5);
    a5 = dot(v128.load32_splat(x, 140), top, a5);
    v128.store(sums, mask);
    codes = v128.load(v, 80);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = dot(v128.load32_splat(x, 48), low, a0);
    a0 = dot(v128.load32_splat(x, 144), top, a0);
    a1 = dot(v128.load32_splat(x, 52), low, a1);
    a1 = dot(v128.load32_splat(x, 148), top, a1);
    a2 = dot(v128.load32_splat(x, 56), low, a2);
    a2 = dot(v128.load32_splat(x, 152), top, a2);
    a3 = dot(v128.load32_splat(x, 60), low, a3);
    a3 = dot(v128.load32_splat(x, 156), top, a3);
    a4 = dot(v128.load32_splat(x, 64), low, a4);
    a4 = dot(v128.load32_splat(x, 160), top, a4);
    a5 = dot(v128.load32_splat(x, 68), low, a5);
    a5 = dot(v128.load32_splat(x, 164), top, a5);
    v128.store(sums, mask);
    codes = v128.load(v, 112);
    low = v128.and(codes, mask);
    top = high(codes, mask);
    a0 = dot(v128.load32_splat(x, 72), low, a0);
    a0 = dot(v128.load32_splat(x, 168), top, a0);
    a1 = dot(v128.load32_splat(x, 76), low, a1);
    a1 = dot(v128.load32_splat(x, 172), top, a1);
    a2 = dot(v128.load32_splat(x, 80), low, a2);
    a2 = dot(v128.load32_splat(x, 176), top, a2);
    a3 = dot(v128.load32_splat(x, 84), low, a3);
    a3 = dot(v128.load32_splat(x, 180), top, a3);
    a4 = dot(v128.load32_splat(x, 88), low, a4);
    a4 = dot(v128.load32_splat(x, 184), top, a4);
    a5 = dot(v128.load32_splat(x, 92), low, a5);
    a5 = dot(v128.load32_splat(x, 188), top, a5);
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
