// The inner loop of the int4 product for prompts where V8 joins two neighbouring vectors into one of 256 bits (see
// ../compile.ts). It asks for pairs: two stores side by side, the upper first, made from operations that are alike and read
// side by side, at offsets that are written out. The layouts are described in int4.ts.
import { BLOCK, high, scales } from "./int4-block";
import { dot, keep } from "./int4-tiles";
import { CONSTANTS } from "./op";

/**
 * Products of sixteen rows (c, d, e, f: quads of rows) and half a block of one token, as int16 pairs. The pairs of a
 * first half are kept in memory.
 */
// @ts-ignore: decorator
@inline
function firstHalf(
  pairs: usize,
  x: usize,
  c0: v128,
  c1: v128,
  c2: v128,
  c3: v128,
  d0: v128,
  d1: v128,
  d2: v128,
  d3: v128,
  e0: v128,
  e1: v128,
  e2: v128,
  e3: v128,
  f0: v128,
  f1: v128,
  f2: v128,
  f3: v128,
): void {
  let s = v128.load32_splat(x);
  let c = dot(s, c0);
  let d = dot(s, d0);
  let e = dot(s, e0);
  let f = dot(s, f0);
  s = v128.load32_splat(x, 16);
  c = i16x8.add(c, dot(s, c1));
  d = i16x8.add(d, dot(s, d1));
  e = i16x8.add(e, dot(s, e1));
  f = i16x8.add(f, dot(s, f1));
  s = v128.load32_splat(x, 32);
  c = i16x8.add(c, dot(s, c2));
  d = i16x8.add(d, dot(s, d2));
  e = i16x8.add(e, dot(s, e2));
  f = i16x8.add(f, dot(s, f2));
  s = v128.load32_splat(x, 48);
  c = i16x8.add(c, dot(s, c3));
  d = i16x8.add(d, dot(s, d3));
  e = i16x8.add(e, dot(s, e3));
  f = i16x8.add(f, dot(s, f3));
  v128.store(pairs, d, 16);
  v128.store(pairs, c);
  v128.store(pairs, f, 48);
  v128.store(pairs, e, 32);
}

/** The second half, whose end is the block's end: adds both, at their scales, to the sums. */
// @ts-ignore: decorator
@inline
function secondHalf(
  sums: usize,
  pairs: usize,
  x: usize,
  offset: v128,
  c0: v128,
  c1: v128,
  c2: v128,
  c3: v128,
  d0: v128,
  d1: v128,
  d2: v128,
  d3: v128,
  e0: v128,
  e1: v128,
  e2: v128,
  e3: v128,
  f0: v128,
  f1: v128,
  f2: v128,
  f3: v128,
  ones: v128,
  scaleC: v128,
  scaleD: v128,
  scaleE: v128,
  scaleF: v128,
): void {
  let s = v128.load32_splat(x, 64);
  let c = i16x8.add(v128.load(pairs), dot(s, c0));
  let d = i16x8.add(v128.load(pairs, 16), dot(s, d0));
  let e = i16x8.add(v128.load(pairs, 32), dot(s, e0));
  let f = i16x8.add(v128.load(pairs, 48), dot(s, f0));
  s = v128.load32_splat(x, 80);
  c = i16x8.add(c, dot(s, c1));
  d = i16x8.add(d, dot(s, d1));
  e = i16x8.add(e, dot(s, e1));
  f = i16x8.add(f, dot(s, f1));
  s = v128.load32_splat(x, 96);
  c = i16x8.add(c, dot(s, c2));
  d = i16x8.add(d, dot(s, d2));
  e = i16x8.add(e, dot(s, e2));
  f = i16x8.add(f, dot(s, f2));
  s = v128.load32_splat(x, 112);
  c = i16x8.add(c, dot(s, c3));
  d = i16x8.add(d, dot(s, d3));
  e = i16x8.add(e, dot(s, e3));
  f = i16x8.add(f, dot(s, f3));
  keep(sums, c, d, ones, offset, scaleC, scaleD);
  keep(sums + 32, e, f, ones, offset, scaleE, scaleF);
}

/**
 * sums f32 [groups · 4, 16] += two panels · groups of four tokens, `groupBytes` apart; for machines on which two vectors
 * are one. The codes of half a block of sixteen rows stay in registers for all tokens. `pairs` is room for as much as
 * sums.
 */
export function prefillPanels(
  sums: usize,
  pairs: usize,
  x: usize,
  w: usize,
  w2: usize,
  blocks: i32,
  groups: i32,
  groupBytes: i32,
): void {
  const mask = v128.load(CONSTANTS);
  const ones = v128.load(CONSTANTS, 16);
  const stop = sums + (<usize>groups << 8);
  for (const end = w + <usize>blocks * BLOCK; w != end; w += BLOCK, w2 += BLOCK, x += 144) {
    let c0 = v128.and(v128.load(w, 16), mask);
    let c1 = v128.and(v128.load(w, 48), mask);
    let c2 = v128.and(v128.load(w, 80), mask);
    let c3 = v128.and(v128.load(w, 112), mask);
    let d0 = v128.and(v128.load(w, 32), mask);
    let d1 = v128.and(v128.load(w, 64), mask);
    let d2 = v128.and(v128.load(w, 96), mask);
    let d3 = v128.and(v128.load(w, 128), mask);
    let e0 = v128.and(v128.load(w2, 16), mask);
    let e1 = v128.and(v128.load(w2, 48), mask);
    let e2 = v128.and(v128.load(w2, 80), mask);
    let e3 = v128.and(v128.load(w2, 112), mask);
    let f0 = v128.and(v128.load(w2, 32), mask);
    let f1 = v128.and(v128.load(w2, 64), mask);
    let f2 = v128.and(v128.load(w2, 96), mask);
    let f3 = v128.and(v128.load(w2, 128), mask);
    let at = x;
    let to = pairs;
    for (const last = pairs + (<usize>groups << 8); to != last; at += groupBytes, to += 256) {
      firstHalf(to, at, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3);
      firstHalf(to + 64, at + 4, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3);
      firstHalf(to + 128, at + 8, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3);
      firstHalf(to + 192, at + 12, c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3);
    }
    c0 = high(v128.load(w, 16), mask);
    c1 = high(v128.load(w, 48), mask);
    c2 = high(v128.load(w, 80), mask);
    c3 = high(v128.load(w, 112), mask);
    d0 = high(v128.load(w, 32), mask);
    d1 = high(v128.load(w, 64), mask);
    d2 = high(v128.load(w, 96), mask);
    d3 = high(v128.load(w, 128), mask);
    e0 = high(v128.load(w2, 16), mask);
    e1 = high(v128.load(w2, 48), mask);
    e2 = high(v128.load(w2, 80), mask);
    e3 = high(v128.load(w2, 112), mask);
    f0 = high(v128.load(w2, 32), mask);
    f1 = high(v128.load(w2, 64), mask);
    f2 = high(v128.load(w2, 96), mask);
    f3 = high(v128.load(w2, 128), mask);
    const scaleC = scales(v128.load16x4_u(w));
    const scaleD = scales(v128.load16x4_u(w, 8));
    const scaleE = scales(v128.load16x4_u(w2));
    const scaleF = scales(v128.load16x4_u(w2, 8));
    at = x;
    to = sums;
    for (let from = pairs; to != stop; at += groupBytes, to += 256, from += 256) {
      secondHalf(
        to, from, at, v128.load32_splat(at, 128),
        c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3,
        ones, scaleC, scaleD, scaleE, scaleF,
      );
      secondHalf(
        to + 64, from + 64, at + 4, v128.load32_splat(at, 132),
        c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3,
        ones, scaleC, scaleD, scaleE, scaleF,
      );
      secondHalf(
        to + 128, from + 128, at + 8, v128.load32_splat(at, 136),
        c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3,
        ones, scaleC, scaleD, scaleE, scaleF,
      );
      secondHalf(
        to + 192, from + 192, at + 12, v128.load32_splat(at, 140),
        c0, c1, c2, c3, d0, d1, d2, d3, e0, e1, e2, e3, f0, f1, f2, f3,
        ones, scaleC, scaleD, scaleE, scaleF,
      );
    }
  }
}
