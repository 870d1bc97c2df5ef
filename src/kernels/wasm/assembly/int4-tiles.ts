// The inner loops of the int4 matrix product: 4 × 8 or 8 weight rows × 1 token (decode) and 8 rows × 4 tokens (prefill),
// for relaxed SIMD: pairs of products in int16, widened once a block. The layouts they read are described in int4.ts; the
// twins are in int4-tiles-dot.ts (machines with an int8 dot product), int4-tiles-wide.ts (vectors of 256 bits) and
// int4-tiles-simd128.ts (no relaxed SIMD).
//
// They are written for the 15 vector registers that x86-64 has under V8. A block's sums live in registers, the sums over
// blocks in memory: a store ends each chain of products, and no computation moves behind it. (docs/engine.md)
import { BLOCK, high, scales } from "./int4-block";
import { CONSTANTS } from "./op";
import { madd_ps, scaleBy } from "./math";

// @ts-ignore: decorator
@inline
export function dot(x: v128, codes: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(x, codes);
}

/** Σ of the code differences of four rows over a block: pairs of products, widened, and the offset. */
// @ts-ignore: decorator
@inline
export function total(pairs: v128, ones: v128, offset: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.add(i32x4.dot_i16x8_s(pairs, ones), offset));
}

/** Adds a block's products with two row quads, at their scales, to their sums over blocks. */
// @ts-ignore: decorator
@inline
export function keep(sums: usize, low: v128, top: v128, ones: v128, offset: v128, lowScale: v128, topScale: v128): void {
  const a = madd_ps(total(low, ones, offset), lowScale, v128.load(sums));
  const b = madd_ps(total(top, ones, offset), topScale, v128.load(sums, 16));
  v128.store(sums, b, 16);
  v128.store(sums, a);
}

/** Products of one vector of codes (4 rows × 4 k low, the same rows × 4 k high) in int16 pairs. */
// @ts-ignore: decorator
@inline
function products(codes: v128, low: v128, top: v128, mask: v128): v128 {
  return i16x8.add(dot(low, v128.and(codes, mask)), dot(top, high(codes, mask)));
}

/** Adds a block of eight rows · one token to their sums; l and t are the activations of the low and high nibbles. */
// @ts-ignore: decorator
@inline
function eightRows(
  sums: usize,
  w: usize,
  l0: v128,
  l1: v128,
  l2: v128,
  l3: v128,
  t0: v128,
  t1: v128,
  t2: v128,
  t3: v128,
  offset: v128,
  mask: v128,
  ones: v128,
): void {
  const low = i16x8.add(
    i16x8.add(products(v128.load(w, 16), l0, t0, mask), products(v128.load(w, 48), l1, t1, mask)),
    i16x8.add(products(v128.load(w, 80), l2, t2, mask), products(v128.load(w, 112), l3, t3, mask)),
  );
  const top = i16x8.add(
    i16x8.add(products(v128.load(w, 32), l0, t0, mask), products(v128.load(w, 64), l1, t1, mask)),
    i16x8.add(products(v128.load(w, 96), l2, t2, mask), products(v128.load(w, 128), l3, t3, mask)),
  );
  keep(sums, low, top, ones, offset, scales(v128.load16x4_u(w)), scales(v128.load16x4_u(w, 8)));
}

/**
 * sums f32 [4,8] = four panels, `step` bytes apart, · one token. Four streams far from each other keep the memory
 * busier than one: weights that no cache holds arrive at 12 GB/s instead of 6.6 (one thread of a Xeon whose plain reads
 * reach 14).
 */
export function decodePanels(sums: usize, x: usize, w: usize, blocks: i32, step: usize): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
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
    eightRows(sums, w, l0, l1, l2, l3, t0, t1, t2, t3, offset, mask, ones);
    eightRows(sums + 32, w1, l0, l1, l2, l3, t0, t1, t2, t3, offset, mask, ones);
    eightRows(sums + 64, w2, l0, l1, l2, l3, t0, t1, t2, t3, offset, mask, ones);
    eightRows(sums + 96, w3, l0, l1, l2, l3, t0, t1, t2, t3, offset, mask, ones);
  }
  scaleBy(v128.load32_splat(x), sums, 128);
}

/** sums f32 [8] = 8 weight rows · one token: what is left when the panels are not a multiple of four. */
export function decodeTile(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
  memory.fill(sums, 0, 32);
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 36) {
    const l0 = v128.load32_splat(x);
    const l1 = v128.load32_splat(x, 4);
    const l2 = v128.load32_splat(x, 8);
    const l3 = v128.load32_splat(x, 12);
    const t0 = v128.load32_splat(x, 16);
    const t1 = v128.load32_splat(x, 20);
    const t2 = v128.load32_splat(x, 24);
    const t3 = v128.load32_splat(x, 28);
    const offset = v128.load32_splat(x, 32);
    eightRows(sums, w, l0, l1, l2, l3, t0, t1, t2, t3, offset, mask, ones);
  }
  scaleBy(v128.load32_splat(x), sums, 32);
}

/**
 * sums f32 [4,8] = a panel · a group of four tokens. Unrolled, for a loop over the vectors of codes costs 7 %; codes are
 * loaded twice, for there is no register to keep them in. Variables are used again on purpose: what is assigned to anew
 * cannot be computed later.
 */
export function prefillTile(sums: usize, x: usize, w: usize, blocks: i32): void {
  const mask = v128.load(CONSTANTS);
  memory.fill(sums, 0, 128);
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, x += 144) {
    let c0 = v128.and(v128.load(w, 16), mask);
    let c1 = v128.and(v128.load(w, 32), mask);
    let s = v128.load32_splat(x);
    let a0 = dot(s, c0);
    let b0 = dot(s, c1);
    s = v128.load32_splat(x, 4);
    let a1 = dot(s, c0);
    let b1 = dot(s, c1);
    s = v128.load32_splat(x, 8);
    let a2 = dot(s, c0);
    let b2 = dot(s, c1);
    s = v128.load32_splat(x, 12);
    let a3 = dot(s, c0);
    let b3 = dot(s, c1);
    c0 = high(v128.load(w, 16), mask);
    c1 = high(v128.load(w, 32), mask);
    s = v128.load32_splat(x, 64);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 68);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 72);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 76);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = v128.and(v128.load(w, 48), mask);
    c1 = v128.and(v128.load(w, 64), mask);
    s = v128.load32_splat(x, 16);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 20);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 24);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 28);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = high(v128.load(w, 48), mask);
    c1 = high(v128.load(w, 64), mask);
    s = v128.load32_splat(x, 80);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 84);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 88);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 92);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = v128.and(v128.load(w, 80), mask);
    c1 = v128.and(v128.load(w, 96), mask);
    s = v128.load32_splat(x, 32);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 36);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 40);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 44);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = high(v128.load(w, 80), mask);
    c1 = high(v128.load(w, 96), mask);
    s = v128.load32_splat(x, 96);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 100);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 104);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 108);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = v128.and(v128.load(w, 112), mask);
    c1 = v128.and(v128.load(w, 128), mask);
    s = v128.load32_splat(x, 48);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 52);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 56);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 60);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    c0 = high(v128.load(w, 112), mask);
    c1 = high(v128.load(w, 128), mask);
    s = v128.load32_splat(x, 112);
    a0 = i16x8.add(a0, dot(s, c0));
    b0 = i16x8.add(b0, dot(s, c1));
    s = v128.load32_splat(x, 116);
    a1 = i16x8.add(a1, dot(s, c0));
    b1 = i16x8.add(b1, dot(s, c1));
    s = v128.load32_splat(x, 120);
    a2 = i16x8.add(a2, dot(s, c0));
    b2 = i16x8.add(b2, dot(s, c1));
    s = v128.load32_splat(x, 124);
    a3 = i16x8.add(a3, dot(s, c0));
    b3 = i16x8.add(b3, dot(s, c1));
    const ones = v128.load(CONSTANTS, 16);
    const lowScale = scales(v128.load16x4_u(w));
    const topScale = scales(v128.load16x4_u(w, 8));
    keep(sums, a0, b0, ones, v128.load32_splat(x, 128), lowScale, topScale);
    keep(sums + 32, a1, b1, ones, v128.load32_splat(x, 132), lowScale, topScale);
    keep(sums + 64, a2, b2, ones, v128.load32_splat(x, 136), lowScale, topScale);
    keep(sums + 96, a3, b3, ones, v128.load32_splat(x, 140), lowScale, topScale);
  }
  for (let t: usize = 0; t < 4; t++, x += 4, sums += 32) scaleBy(v128.load32_splat(x), sums, 32);
}
