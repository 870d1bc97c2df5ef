// Packing for the register tile (tile.ts): an A panel holds 6 rows as [k][6], a B panel 8 columns as [k][8]. What lies beyond
// the last real row or column of a panel is arbitrary: it only reaches parts of a tile that nobody reads.
import { MR, NR } from "./tile";

/** Packs 6 rows of x (rows `step` bytes apart, `rows` of them real) as [k][6]. */
export function packRows6(panel: usize, x: usize, step: usize, rows: i32, k: i32): void {
  const x1 = rows > 1 ? x + step : x;
  const x2 = rows > 2 ? x1 + step : x;
  const x3 = rows > 3 ? x2 + step : x;
  const x4 = rows > 4 ? x3 + step : x;
  const x5 = rows > 5 ? x4 + step : x;
  const bytes = <usize>k << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const r0 = v128.load(x + at);
    const r1 = v128.load(x1 + at);
    const r2 = v128.load(x2 + at);
    const r3 = v128.load(x3 + at);
    const r4 = v128.load(x4 + at);
    const r5 = v128.load(x5 + at);
    const low01 = interleaveLow(r0, r1);
    const low23 = interleaveLow(r2, r3);
    const low45 = interleaveLow(r4, r5);
    v128.store(panel, pairsLow(low01, low23));
    v128.store64_lane(panel, low45, 0, 16);
    v128.store(panel, pairsHigh(low01, low23), 24);
    v128.store64_lane(panel, low45, 1, 40);
    const high01 = interleaveHigh(r0, r1);
    const high23 = interleaveHigh(r2, r3);
    const high45 = interleaveHigh(r4, r5);
    v128.store(panel, pairsLow(high01, high23), 48);
    v128.store64_lane(panel, high45, 0, 64);
    v128.store(panel, pairsHigh(high01, high23), 72);
    v128.store64_lane(panel, high45, 1, 88);
    panel += 96;
  }
  for (; at < bytes; at += 4) {
    store<f32>(panel, load<f32>(x + at));
    store<f32>(panel, load<f32>(x1 + at), 4);
    store<f32>(panel, load<f32>(x2 + at), 8);
    store<f32>(panel, load<f32>(x3 + at), 12);
    store<f32>(panel, load<f32>(x4 + at), 16);
    store<f32>(panel, load<f32>(x5 + at), 20);
    panel += 24;
  }
}

/** Packs 8 rows of x (rows `step` bytes apart, `rows` of them real) as [k][8]. */
export function packRows8(panel: usize, x: usize, step: usize, rows: i32, k: i32): void {
  packRows4(panel, x, step, rows, k);
  packRows4(panel + 16, rows > 4 ? x + (step << 2) : x, step, rows - 4, k);
}

/** Packs 4 rows of x as one half of [k][8]. */
function packRows4(panel: usize, x: usize, step: usize, rows: i32, k: i32): void {
  const x1 = rows > 1 ? x + step : x;
  const x2 = rows > 2 ? x1 + step : x;
  const x3 = rows > 3 ? x2 + step : x;
  const bytes = <usize>k << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const r0 = v128.load(x + at);
    const r1 = v128.load(x1 + at);
    const r2 = v128.load(x2 + at);
    const r3 = v128.load(x3 + at);
    const low01 = interleaveLow(r0, r1);
    const low23 = interleaveLow(r2, r3);
    const high01 = interleaveHigh(r0, r1);
    const high23 = interleaveHigh(r2, r3);
    v128.store(panel, pairsLow(low01, low23));
    v128.store(panel, pairsHigh(low01, low23), 32);
    v128.store(panel, pairsLow(high01, high23), 64);
    v128.store(panel, pairsHigh(high01, high23), 96);
    panel += 128;
  }
  for (; at < bytes; at += 4) {
    store<f32>(panel, load<f32>(x + at));
    store<f32>(panel, load<f32>(x1 + at), 4);
    store<f32>(panel, load<f32>(x2 + at), 8);
    store<f32>(panel, load<f32>(x3 + at), 12);
    panel += 32;
  }
}

/** Packs 6 columns of x (k rows `step` bytes apart, `columns` of them real) as [k][6]. */
export function packColumns6(panel: usize, x: usize, step: usize, columns: i32, k: i32): void {
  if (columns < MR) return packColumns(panel, 24, x, step, columns, k);
  for (let i = 0; i < k; i++) {
    v128.store(panel, v128.load(x));
    store<u64>(panel, load<u64>(x, 16), 16);
    x += step;
    panel += 24;
  }
}

/** Packs 8 columns of x (k rows `step` bytes apart, `columns` of them real) as [k][8]. */
export function packColumns8(panel: usize, x: usize, step: usize, columns: i32, k: i32): void {
  if (columns < NR) return packColumns(panel, 32, x, step, columns, k);
  for (let i = 0; i < k; i++) {
    v128.store(panel, v128.load(x));
    v128.store(panel, v128.load(x, 16), 16);
    x += step;
    panel += 32;
  }
}

/** The last, narrower panel: reads no further than the last column, which may end the memory. */
function packColumns(panel: usize, panelStep: usize, x: usize, step: usize, columns: i32, k: i32): void {
  const bytes = <usize>columns << 2;
  for (let i = 0; i < k; i++) {
    let at: usize = 0;
    if (columns >= 4) {
      v128.store(panel, v128.load(x));
      at = 16;
    }
    for (; at < bytes; at += 4) store<f32>(panel + at, load<f32>(x + at));
    x += step;
    panel += panelStep;
  }
}

// a0 b0 a1 b1
// @ts-ignore: decorator
@inline
export function interleaveLow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}
// a2 b2 a3 b3
// @ts-ignore: decorator
@inline
export function interleaveHigh(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}
// a0 a1 b0 b1
// @ts-ignore: decorator
@inline
export function pairsLow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 1, 4, 5);
}
// a2 a3 b2 b3
// @ts-ignore: decorator
@inline
export function pairsHigh(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 3, 6, 7);
}
