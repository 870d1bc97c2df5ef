// Attention of new tokens over the KV cache (layout in kv-pages.ts), one pass with online softmax over the pages. Row by
// row and int8 here, for decoding; f32 is in attention-cached-f32.ts, many tokens at once in attention-cached-tiles.ts.
// Int8 caches stay integer: a query head is rounded to 16 bits (so its error is far below the keys'), and so are the
// softmax weights times the values' scales of each page, relative to the page's largest.
import { scaleQuery, scoresF32, weighF32 } from "./attention-cached-f32";
import { attendTiles } from "./attention-cached-tiles";
import { scratch, shareBegin, shareEnd } from "./control";
import { largest, madd_ps, round_ps } from "./math";
import { pageOf } from "./kv-pages";
import { KV_PAGE, SCRATCH_BYTES } from "./op";
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
): void {
  if (N > 1 && N * (H / K) >= TILED_ROWS) {
    attendTiles(out, q, pages, keys, values, int8, N, position, H, K, D, stride);
    return;
  }
  const most = SCRATCH_BYTES / <i32>rowBytes(D);
  const end = shareEnd(H, 1);
  for (let first = shareBegin(H, 1); first < end; first += most) {
    const last = min(end, first + most);
    for (let i = 0; i < N; i++) {
      const from = q + ((<usize>i * stride) << 2);
      const to = out + ((<usize>(i * H) * D) << 2);
      attendHeads(to, from, pages, keys, values, int8, position + i + 1, first, last, H / K, K, D);
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
  for (let s = 0; s < length; s += KV_PAGE) {
    const count = min(KV_PAGE, length - s);
    const keyPage = pageOf(pages, keys, s);
    row = scratch();
    for (let h = first; h < last; h++, row += step) {
      const kv = <usize>(h / group);
      if (int8) {
        scoresInt8(row, keyPage + kv * codes, count, D);
        multiplyScales(row, keyPage + scales + kv * (KV_PAGE << 2), v128.load32_splat(row, SCALE), count);
      } else {
        scoresF32(row, keyPage + kv * codes, count, D);
      }
    }
    const valuePage = pageOf(pages, values, s);
    row = scratch();
    for (let h = first; h < last; h++, row += step) {
      const kv = <usize>(h / group);
      exponentials(row, count, D);
      if (int8) {
        multiplyScales(row, valuePage + scales + kv * (KV_PAGE << 2), f32x4.splat(1), count);
        weighInt8(row, valuePage + kv * codes, count, D);
      } else {
        weighF32(row, valuePage + kv * codes, count, D);
      }
    }
  }
  row = scratch();
  for (let h = first; h < last; h++, row += step) finish(out + <usize>h * head, row, D);
}

/** Sums of the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function laneSumsI32(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

/** Rounds a query head to 16 bits, zeros up to a multiple of 8, and puts it into its row; its scale includes 1/sqrt(D). */
function quantizeQuery(row: usize, q: usize, D: i32): void {
  const codes = row + QUERY;
  const limit = largest(q, D);
  const top = <f32>min(32767, i32.MAX_VALUE / (127 * D));
  const factor = f32x4.splat(limit < 1e-30 ? 0 : top / limit);
  memory.fill(codes, 0, ((<usize>D << 1) + 15) & ~15);
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

/** The row's scores f32 [count, padded to 4] = integer products of the query and each key. */
function scoresInt8(scores: usize, keys: usize, count: i32, D: i32): void {
  const query = scores + QUERY;
  const last = keys + <usize>(count - 1) * D;
  // Past D the query is zero, and what lies after a key's codes (more codes, scales) is readable.
  const end = query + ((<usize>D) << 1);
  for (let s = 0; s < count; s += 4, scores += 16) {
    let k0 = keys + <usize>s * D;
    let k1 = min(k0 + D, last);
    let k2 = min(k1 + D, last);
    let k3 = min(k2 + D, last);
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    for (let at = query; at < end; at += 16, k0 += 8, k1 += 8, k2 += 8, k3 += 8) {
      const x = v128.load(at);
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.load8x8_s(k0), x));
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.load8x8_s(k1), x));
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.load8x8_s(k2), x));
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.load8x8_s(k3), x));
    }
    v128.store(scores, f32x4.convert_i32x4_s(laneSumsI32(a0, a1, a2, a3)));
  }
}

/** scores [count] *= scales [count] · factor */
function multiplyScales(scores: usize, scales: usize, factor: v128, count: i32): void {
  const end = (<usize>count) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    v128.store(scores + at, f32x4.mul(v128.load(scores + at), f32x4.mul(v128.load(scales + at), factor)));
  }
  for (; at < end; at += 4) {
    store<f32>(scores + at, load<f32>(scores + at) * (load<f32>(scales + at) * f32x4.extract_lane(factor, 0)));
  }
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
  const scale = f32x4.splat(limit / 32767);
  const sums = sumsOf(weights, D);
  for (let d = 0; d < D; d += 16) {
    weighColumnsInt8(sums + ((<usize>d) << 2), codes, values + d, count, D, scale);
  }
}

// Sixteen columns; those past D land in the padding of the sums.
function weighColumnsInt8(sums: usize, codes: usize, values: usize, count: i32, D: i32, scale: v128): void {
  let a0 = i32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (let s = 0; s < count; s += 2, codes += 4) {
    const pair = v128.load32_splat(codes);
    // The partner of an odd last value is the value itself, with weight 0.
    const next = s + 1 < count ? values + <usize>D : values;
    let x = v128.load8x8_s(values);
    let y = v128.load8x8_s(next);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11), pair));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15), pair));
    x = v128.load8x8_s(values, 8);
    y = v128.load8x8_s(next, 8);
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11), pair));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15), pair));
    values += D << 1;
  }
  v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a0), scale, v128.load(sums)));
  v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a1), scale, v128.load(sums, 16)), 16);
  v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a2), scale, v128.load(sums, 32)), 32);
  v128.store(sums, madd_ps(f32x4.convert_i32x4_s(a3), scale, v128.load(sums, 48)), 48);
}
