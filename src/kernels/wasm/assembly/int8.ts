// Packed int8 weights with an f32 scale per row: layout, packing, gather. The product is in int8-matmul.ts.
//
// Panels of 8 rows: eight f32 scales, then K/32 blocks of 256 bytes (rows and K padded with zeros). A block is vectors
// j = 0..7 × row quad g = 0..1: byte 4r+i of vector (g, j) holds the code, −127 … 127, of row 4g+r at k = 4j+i. Value =
// code · scale. The same layout is written and read in TypeScript by ../../reference/int8.ts.
import { shareBegin, shareEnd, scratch } from "./control";
import { report } from "./int4-pack";
import { largest, round_ps } from "./math";

export const SCALES: usize = 32;
export const BLOCK8: usize = 256;

/** Bytes of a panel of so many blocks. */
// @ts-ignore: decorator
@inline
export function panelBytes8(blocks: i32): usize {
  return SCALES + <usize>blocks * BLOCK8;
}

/** First code of a row within its panel; the quads of its columns are 32 bytes apart. */
// @ts-ignore: decorator
@inline
function lane(r: i32): usize {
  return SCALES + <usize>(((r >> 2) << 4) + ((r & 3) << 2));
}

/** out [N,C] = rows at ids of a packed table, dequantised. */
export function gatherInt8(out: usize, table: usize, ids: usize, N: i32, C: i32): void {
  const bytes = panelBytes8((C + 31) >> 5);
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const id = load<i32>(ids + ((<usize>i) << 2));
    const panel = table + <usize>(id >> 3) * bytes;
    const scale = v128.load32_splat(panel + ((<usize>(id & 7)) << 2));
    let codes = panel + lane(id & 7);
    let to = out + ((<usize>i * C) << 2);
    let k = 0;
    for (; k + 4 <= C; k += 4, codes += 32, to += 16) v128.store(to, dequantise(codes, scale));
    if (k == C) continue;
    v128.store(scratch(), dequantise(codes, scale));
    memory.copy(to, scratch(), (<usize>(C - k)) << 2);
  }
}

// @ts-ignore: decorator
@inline
function dequantise(codes: usize, scale: v128): v128 {
  const integers = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(codes)));
  return f32x4.mul(f32x4.convert_i32x4_s(integers), scale);
}

/**
 * out = w [rows, columns] packed: code = w · 127/max|w| of the row, rounded to nearest, ties to even; scale = max|w|/127.
 * A row with a weight that is not finite has codes 0 and the scale NaN; faults i32 [1] (0: none) += such rows.
 */
export function packInt8(out: usize, w: usize, rows: i32, columns: i32, faults: usize): void {
  const blocks = (columns + 31) >> 5;
  const end = shareEnd(rows, 8);
  let bad = 0;
  for (let row = shareBegin(rows, 8); row < end; row += 8) {
    const panel = out + <usize>(row >> 3) * panelBytes8(blocks);
    const count = min(8, rows - row);
    for (let r = 0; r < count; r++) {
      bad += packRow(panel, r, w + ((<usize>(row + r) * <usize>columns) << 2), columns, blocks);
    }
    for (let r = count; r < 8; r++) emptyRow(panel, r, blocks, 0);
  }
  report(faults, bad);
}

/** 1 where the row is not finite. */
function packRow(panel: usize, r: i32, w: usize, columns: i32, blocks: i32): i32 {
  const limit = largest(w, columns);
  const finite = limit < Infinity;
  if (!finite || limit < 1e-30) {
    emptyRow(panel, r, blocks, finite ? 0 : NaN);
    return i32(!finite);
  }
  const factor = f32x4.splat(127 / limit);
  store<f32>(panel + ((<usize>r) << 2), limit / 127);
  let to = panel + lane(r);
  for (let k = 0; k < blocks << 5; k += 16, w += 64, to += 128) {
    let from = w;
    if (columns - k < 16) {
      from = scratch();
      memory.fill(from, 0, 64);
      if (columns > k) memory.copy(from, w, (<usize>(columns - k)) << 2);
    }
    storeSixteen(to, sixteen(from, factor));
  }
  return 0;
}

// @ts-ignore: decorator
@inline
function sixteen(w: usize, factor: v128): v128 {
  const a = round_ps(f32x4.mul(v128.load(w), factor));
  const b = round_ps(f32x4.mul(v128.load(w, 16), factor));
  const c = round_ps(f32x4.mul(v128.load(w, 32), factor));
  const d = round_ps(f32x4.mul(v128.load(w, 48), factor));
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** Sixteen columns of a row. */
// @ts-ignore: decorator
@inline
function storeSixteen(to: usize, codes: v128): void {
  store<i32>(to, i32x4.extract_lane(codes, 0));
  store<i32>(to, i32x4.extract_lane(codes, 1), 32);
  store<i32>(to, i32x4.extract_lane(codes, 2), 64);
  store<i32>(to, i32x4.extract_lane(codes, 3), 96);
}

function emptyRow(panel: usize, r: i32, blocks: i32, scale: f32): void {
  store<f32>(panel + ((<usize>r) << 2), scale);
  const to = panel + lane(r);
  for (let i: usize = 0; i < <usize>blocks << 3; i++) store<i32>(to + (i << 5), 0);
}

/** out = the matrix of row-major codes int8 [rows, columns] and scales f32 [rows], as files hold it, packed. */
export function repackInt8(out: usize, codes: usize, scales: usize, rows: i32, columns: i32): void {
  const blocks = (columns + 31) >> 5;
  const end = shareEnd(rows, 8);
  for (let row = shareBegin(rows, 8); row < end; row += 8) {
    const panel = out + <usize>(row >> 3) * panelBytes8(blocks);
    for (let r = 0; r < 8; r++) {
      emptyRow(panel, r, blocks, 0);
      if (row + r >= rows) continue;
      store<f32>(panel + ((<usize>r) << 2), load<f32>(scales + ((<usize>(row + r)) << 2)));
      const from = codes + <usize>(row + r) * <usize>columns;
      let to = panel + lane(r);
      let k = 0;
      for (; k + 4 <= columns; k += 4, to += 32) store<i32>(to, load<i32>(from + <usize>k));
      memory.copy(to, from + <usize>k, <usize>(columns - k));
    }
  }
}
