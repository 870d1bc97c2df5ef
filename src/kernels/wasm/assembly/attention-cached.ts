// Attention of new tokens over the KV cache (layout in kv-pages.ts), one pass with online softmax over the pages. Row by
// row and int8 here, for decoding; f32 is in attention-cached-f32.ts, many tokens at once in attention-cached-tiles.ts.
// Int8 caches stay integer: a query head is rounded to 16 bits (so its error is far below the keys'), and so are the
// softmax weights times the values' scales of each page, relative to the page's largest.
import { scaleQuery, scoresF32, weighF32 } from "./attention-cached-f32";
import { attendTiles } from "./attention-cached-tiles";
import { scratch, shareBegin, shareEnd } from "./control";
import { largest, madd_ps, round_ps } from "./math";
import { pageOf } from "./kv-pages";
import { KV_PAGE, SCRATCH_BYTES, WIDE_VECTORS } from "./op";
import { addSlope, capScores, hide } from "./scores";
import { begin, exponentials, finish, QUERY, rowBytes, SCALE, sumsOf, WEIGHTS } from "./online-softmax";

/** Query rows that share a key head from which unpacking the keys pays. */
const TILED_ROWS: i32 = 12;

/** out [N, H·D]: tokens position..position+N, causal. Threads share the heads. */
export function attentionCached(
  out: usize,
  q: usize,
  pages: usize,
  keys: i32,
  values: i32,
  int8: i32,
  N: i32,
  position: i32,
  H: i32,
  K: i32,
  D: i32,
  stride: i32,
  window: i32,
  cap: f32,
  slopes: usize,
): void {
  if (N > 1 && N * (H / K) >= TILED_ROWS) {
    attendTiles(out, q, pages, keys, values, int8, N, position, H, K, D, stride, window, cap, slopes);
    return;
  }
  const most = SCRATCH_BYTES / <i32>rowBytes(D);
  const end = shareEnd(H, 1);
  for (let first = shareBegin(H, 1); first < end; first += most) {
    const last = min(end, first + most);
    for (let i = 0; i < N; i++) {
      const from = q + ((<usize>i * stride) << 2);
      const to = out + ((<usize>(i * H) * D) << 2);
      const length = position + i + 1;
      attendHeads(to, from, pages, keys, values, int8, length, first, last, H / K, K, D, window, cap, slopes);
    }
  }
}

/**
 * Heads first..last of one token. Page by page all keys, then all values: they lie one after the other there, in stretches
 * that a processor fetches ahead; head by head, a head's 4 kB of a page are over before it has begun to.
 */
function attendHeads(
  out: usize,
  q: usize,
  pages: usize,
  keys: i32,
  values: i32,
  int8: i32,
  length: i32,
  first: i32,
  last: i32,
  group: i32,
  K: i32,
  D: i32,
  window: i32,
  cap: f32,
  slopes: usize,
): void {
  const step = rowBytes(D);
  const head = (<usize>D) << 2;
  let row = scratch();
  for (let h = first; h < last; h++, row += step) {
    begin(row, D);
    if (int8) quantizeQuery(row, q + <usize>h * head, D);
    else scaleQuery(row, q + <usize>h * head, D);
  }
  // From a layer's part of a page to a head's codes or floats, and to its scales.
  const codes = <usize>(KV_PAGE * D) << (int8 ? 0 : 2);
  const scales = <usize>(K * KV_PAGE * D);
  // The window's first token, and the page that it lies in.
  const oldest = window > 0 ? max(0, length - window) : 0;
  for (let s = oldest - (oldest % KV_PAGE); s < length; s += KV_PAGE) {
    const count = min(KV_PAGE, length - s);
    const keyPage = pageOf(pages, keys, s);
    row = scratch();
    for (let h = first; h < last; h++, row += step) {
      const kv = <usize>(h / group);
      if (int8) {
        scoresInt8(row, keyPage + kv * codes, count, D);
        multiplyScales(row, keyPage + scales + kv * (KV_PAGE << 2), count);
      } else {
        scoresF32(row, keyPage + kv * codes, count, D);
      }
      if (cap > 0) capScores(row, count, cap);
      if (slopes != 0) addSlope(row, count, load<f32>(slopes + ((<usize>h) << 2)), s + 1 - length);
      if (oldest > s) hide(row, oldest - s);
    }
    const valuePage = pageOf(pages, values, s);
    row = scratch();
    for (let h = first; h < last; h++, row += step) {
      const kv = <usize>(h / group);
      exponentials(row, count, D);
      if (int8) {
        multiplyScales(row, valuePage + scales + kv * (KV_PAGE << 2), count);
        weighInt8(row, valuePage + kv * codes, count, D);
      } else {
        weighF32(row, valuePage + kv * codes, count, D);
      }
    }
  }
  row = scratch();
  for (let h = first; h < last; h++, row += step) finish(out + <usize>h * head, row, D);
}

/** Rounds a query head to 16 bits and puts it into its row; its scale includes 1/sqrt(D). */
function quantizeQuery(row: usize, q: usize, D: i32): void {
  const codes = row + QUERY;
  const limit = largest(q, D);
  const top = <f32>min(32767, i32.MAX_VALUE / (127 * D));
  const factor = f32x4.splat(limit < 1e-30 ? 0 : top / limit);
  let d = 0;
  for (; d + 4 <= D; d += 4) store<i64>(codes + ((<usize>d) << 1), codes16(v128.load(q + ((<usize>d) << 2)), factor));
  if (d < D) store<i32>(codes + ((<usize>d) << 1), <i32>codes16(v128.load64_zero(q + ((<usize>d) << 2)), factor));
  store<f32>(row, limit / (top * sqrt<f32>(<f32>D)), SCALE);
}

// @ts-ignore: decorator
@inline
function codes16(x: v128, factor: v128): i64 {
  const wide = round_ps(f32x4.mul(x, factor));
  return i64x2.extract_lane(i16x8.narrow_i32x4_s(wide, wide), 0);
}

/** The row's scores f32 [count] = integer products of the query and each key, · the query's scale. */
function scoresInt8(scores: usize, keys: usize, count: i32, D: i32): void {
  memory.fill(scores, 0, KV_PAGE << 2);
  weighColumns(scores, scores + QUERY, keys, D, count, KV_PAGE << 1, load<f32>(scores, SCALE));
}

/** scores [count] *= scales [count] */
function multiplyScales(scores: usize, scales: usize, count: i32): void {
  const end = (<usize>count) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    v128.store(scores + at, f32x4.mul(v128.load(scores + at), v128.load(scales + at)));
  }
  for (; at < end; at += 4) store<f32>(scores + at, load<f32>(scores + at) * load<f32>(scales + at));
}

/** The row's sums += Σ weight · codes of the value, over a page. */
function weighInt8(weights: usize, values: usize, count: i32, D: i32): void {
  const limit = largest(weights, count);
  const factor = f32x4.splat(limit < 1e-30 ? 0 : 32767 / limit);
  const codes = weights + WEIGHTS;
  const padded = (<usize>count + 3) & ~3;
  for (let i: usize = 0; i < padded; i += 4) {
    store<i64>(codes + (i << 1), codes16(v128.load(weights + (i << 2)), factor));
  }
  if (count & 1) store<i16>(codes + ((<usize>count) << 1), 0);
  weighColumns(sumsOf(weights, D), codes, values, count, D, <usize>D << 1, limit / 32767);
}

/**
 * sums f32 [columns] += scale · Σ over `count` int16 codes, in pairs, of code · int8 [count / 2, columns, 2], whose rows are
 * `step` bytes apart: the scores of keys, and the weighted values. Columns up to a multiple of 16 are written. Where
 * `count` is odd, the code behind the last is 0.
 */
function weighColumns(
  sums: usize,
  codes: usize,
  matrix: usize,
  count: i32,
  columns: i32,
  step: usize,
  scale: f32,
): void {
  const end = codes + (<usize>count << 1);
  if (load<i32>(WIDE_VECTORS)) {
    for (; columns > 48; columns -= 64, sums += 256, matrix += 128) weigh64(sums, codes, end, matrix, step, scale);
  }
  for (; columns > 16; columns -= 32, sums += 128, matrix += 64) weigh32(sums, codes, end, matrix, step, scale);
  if (columns > 0) weigh16(sums, codes, end, matrix, step, scale);
}

/** 64 columns, which fill the registers of vectors of 256 bits, as 32 do those of 128. */
function weigh64(sums: usize, codes: usize, end: usize, matrix: usize, step: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let a4 = i32x4.splat(0);
  let a5 = i32x4.splat(0);
  let a6 = i32x4.splat(0);
  let a7 = i32x4.splat(0);
  let a8 = i32x4.splat(0);
  let a9 = i32x4.splat(0);
  let a10 = i32x4.splat(0);
  let a11 = i32x4.splat(0);
  let a12 = i32x4.splat(0);
  let a13 = i32x4.splat(0);
  let a14 = i32x4.splat(0);
  let a15 = i32x4.splat(0);
  for (; codes < end; codes += 4, matrix += step) {
    const pair = v128.load32_splat(codes);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load8x8_s(matrix), pair));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 8), pair));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 16), pair));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 24), pair));
    a4 = i32x4.add(a4, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 32), pair));
    a5 = i32x4.add(a5, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 40), pair));
    a6 = i32x4.add(a6, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 48), pair));
    a7 = i32x4.add(a7, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 56), pair));
    a8 = i32x4.add(a8, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 64), pair));
    a9 = i32x4.add(a9, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 72), pair));
    a10 = i32x4.add(a10, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 80), pair));
    a11 = i32x4.add(a11, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 88), pair));
    a12 = i32x4.add(a12, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 96), pair));
    a13 = i32x4.add(a13, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 104), pair));
    a14 = i32x4.add(a14, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 112), pair));
    a15 = i32x4.add(a15, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 120), pair));
  }
  addScaled(sums, a0, a1, scale);
  addScaled(sums + 32, a2, a3, scale);
  addScaled(sums + 64, a4, a5, scale);
  addScaled(sums + 96, a6, a7, scale);
  addScaled(sums + 128, a8, a9, scale);
  addScaled(sums + 160, a10, a11, scale);
  addScaled(sums + 192, a12, a13, scale);
  addScaled(sums + 224, a14, a15, scale);
}

function weigh32(sums: usize, codes: usize, end: usize, matrix: usize, step: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let a4 = i32x4.splat(0);
  let a5 = i32x4.splat(0);
  let a6 = i32x4.splat(0);
  let a7 = i32x4.splat(0);
  for (; codes < end; codes += 4, matrix += step) {
    const pair = v128.load32_splat(codes);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load8x8_s(matrix), pair));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 8), pair));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 16), pair));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 24), pair));
    a4 = i32x4.add(a4, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 32), pair));
    a5 = i32x4.add(a5, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 40), pair));
    a6 = i32x4.add(a6, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 48), pair));
    a7 = i32x4.add(a7, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 56), pair));
  }
  addScaled(sums, a0, a1, scale);
  addScaled(sums + 32, a2, a3, scale);
  addScaled(sums + 64, a4, a5, scale);
  addScaled(sums + 96, a6, a7, scale);
}

function weigh16(sums: usize, codes: usize, end: usize, matrix: usize, step: usize, factor: f32): void {
  const scale = f32x4.splat(factor);
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  for (; codes < end; codes += 4, matrix += step) {
    const pair = v128.load32_splat(codes);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load8x8_s(matrix), pair));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 8), pair));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 16), pair));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load8x8_s(matrix, 24), pair));
  }
  addScaled(sums, a0, a1, scale);
  addScaled(sums + 32, a2, a3, scale);
}

/** sums [8] += the integers · scale */
// @ts-ignore: decorator
@inline
function addScaled(sums: usize, low: v128, high: v128, scale: v128): void {
  const a = madd_ps(f32x4.convert_i32x4_s(low), scale, v128.load(sums));
  const b = madd_ps(f32x4.convert_i32x4_s(high), scale, v128.load(sums, 16));
  v128.store(sums, b, 16);
  v128.store(sums, a);
}
