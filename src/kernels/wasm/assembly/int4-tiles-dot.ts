// The inner loops of the int4 matrix product for machines with an int8 dot product (AVX-VNNI, Arm's SDOT): four
// products added to an int32 in one instruction. Same sums as int4-tiles.ts, bit for bit.
import { BLOCK, high, scales } from "./int4-block";
import { CONSTANTS } from "./op";
import { madd_ps, scaleBy } from "./math";

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
function dot(x: v128, codes: v128, sums: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, codes, sums);
}

/** Adds the products of one vector of codes (4 rows × 4 k low, the same rows × 4 k high). */
// @ts-ignore: decorator
@inline
function accumulate(sums: v128, codes: v128, low: v128, top: v128, mask: v128): v128 {
  return dot(top, high(codes, mask), dot(low, v128.and(codes, mask), sums));
}

/** Products of four rows over a block, added to the offset; see `eightRows` in int4-tiles.ts. */
// @ts-ignore: decorator
@inline
function quad(
  w: usize,
  low0: v128,
  low1: v128,
  low2: v128,
  low3: v128,
  top0: v128,
  top1: v128,
  top2: v128,
  top3: v128,
  mask: v128,
  offset: v128,
): v128 {
  let sums = accumulate(offset, v128.load(w), low0, top0, mask);
  sums = accumulate(sums, v128.load(w, 32), low1, top1, mask);
  sums = accumulate(sums, v128.load(w, 64), low2, top2, mask);
  return f32x4.convert_i32x4_s(accumulate(sums, v128.load(w, 96), low3, top3, mask));
}

/** sums f32 [4,8] = four panels, `step` bytes apart, · one token; see decodePanels in int4-tiles.ts. */
export function decodePanelsDot(sums: usize, x: usize, w: usize, blocks: i32, step: usize): void {
  const mask = v128.load(CONSTANTS);
  memory.fill(sums, 0, 128);
  let w1 = w + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, w1 += BLOCK, w2 += BLOCK, w3 += BLOCK, x += 36) {
    const l0 = v128.load32_splat(x);
    const l1 = v128.load32_splat(x, 4);
    const l2 = v128.load32_splat(x, 8);
    const l3 = v128.load32_splat(x, 12);
    const t0 = v128.load32_splat(x, 16);
    const t1 = v128.load32_splat(x, 20);
    const t2 = v128.load32_splat(x, 24);
    const t3 = v128.load32_splat(x, 28);
    const offset = v128.load32_splat(x, 32);
    let total = quad(w + 16, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w)), v128.load(sums)));
    total = quad(w + 32, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w, 8)), v128.load(sums, 16)), 16);
    total = quad(w1 + 16, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w1)), v128.load(sums, 32)), 32);
    total = quad(w1 + 32, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w1, 8)), v128.load(sums, 48)), 48);
    total = quad(w2 + 16, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w2)), v128.load(sums, 64)), 64);
    total = quad(w2 + 32, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w2, 8)), v128.load(sums, 80)), 80);
    total = quad(w3 + 16, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w3)), v128.load(sums, 96)), 96);
    total = quad(w3 + 32, l0, l1, l2, l3, t0, t1, t2, t3, mask, offset);
    v128.store(sums, madd_ps(total, scales(v128.load16x4_u(w3, 8)), v128.load(sums, 112)), 112);
  }
  scaleBy(v128.load32_splat(x), sums, 128);
}

/** sums f32 [4,8] = a panel · a group of four tokens; see prefillTile in int4-tiles.ts. */
export function prefillTileDot(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS);
  memory.fill(sums, 0, 128);
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 144) {
    let a0 = v128.load32_splat(x, 128);
    let b0 = a0;
    let a1 = v128.load32_splat(x, 132);
    let b1 = a1;
    let a2 = v128.load32_splat(x, 136);
    let b2 = a2;
    let a3 = v128.load32_splat(x, 140);
    let b3 = a3;
    let c0 = v128.and(v128.load(w, 16), mask);
    let c1 = v128.and(v128.load(w, 32), mask);
    let s = v128.load32_splat(x);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 4);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 8);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 12);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = high(v128.load(w, 16), mask);
    c1 = high(v128.load(w, 32), mask);
    s = v128.load32_splat(x, 64);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 68);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 72);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 76);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = v128.and(v128.load(w, 48), mask);
    c1 = v128.and(v128.load(w, 64), mask);
    s = v128.load32_splat(x, 16);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 20);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 24);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 28);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = high(v128.load(w, 48), mask);
    c1 = high(v128.load(w, 64), mask);
    s = v128.load32_splat(x, 80);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 84);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 88);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 92);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = v128.and(v128.load(w, 80), mask);
    c1 = v128.and(v128.load(w, 96), mask);
    s = v128.load32_splat(x, 32);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 36);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 40);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 44);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = high(v128.load(w, 80), mask);
    c1 = high(v128.load(w, 96), mask);
    s = v128.load32_splat(x, 96);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 100);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 104);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 108);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = v128.and(v128.load(w, 112), mask);
    c1 = v128.and(v128.load(w, 128), mask);
    s = v128.load32_splat(x, 48);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 52);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 56);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 60);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    c0 = high(v128.load(w, 112), mask);
    c1 = high(v128.load(w, 128), mask);
    s = v128.load32_splat(x, 112);
    a0 = dot(s, c0, a0);
    b0 = dot(s, c1, b0);
    s = v128.load32_splat(x, 116);
    a1 = dot(s, c0, a1);
    b1 = dot(s, c1, b1);
    s = v128.load32_splat(x, 120);
    a2 = dot(s, c0, a2);
    b2 = dot(s, c1, b2);
    s = v128.load32_splat(x, 124);
    a3 = dot(s, c0, a3);
    b3 = dot(s, c1, b3);
    const scale0 = scales(v128.load16x4_u(w));
    const scale1 = scales(v128.load16x4_u(w, 8));
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a0), scale0, v128.load(sums)));
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(b0), scale1, v128.load(sums, 16)), 16);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a1), scale0, v128.load(sums, 32)), 32);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(b1), scale1, v128.load(sums, 48)), 48);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a2), scale0, v128.load(sums, 64)), 64);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(b2), scale1, v128.load(sums, 80)), 80);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a3), scale0, v128.load(sums, 96)), 96);
    v128.store(sums, madd_ps(f32x4.convert_i32x4_s(b3), scale1, v128.load(sums, 112)), 112);
  }
  for (let t: usize = 0; t < 4; t++, x += 4, sums += 32) scaleBy(v128.load32_splat(x), sums, 32);
}
