// Attention of new tokens over the KV cache (layout in kv.ts), one pass with online softmax over blocks of 64 keys. Row by
// row here, for decoding; many tokens at once are in attention-cached-tiles.ts.
// Int8 caches stay integer: a query head is rounded to 16 bits (so its error is far below the keys'), and so are the
// softmax weights times the values' scales of each block, relative to the block's largest.
import { attendTiles } from "./attention-cached-tiles";
import { scratch, shareBegin, shareEnd } from "./control";
import { exp_ps, largest, madd_ps, max_ps, round_ps, sum_ps } from "./math";

/** Keys of a block. Sums of 64 · 32767 · 127 fit an int32. */
const KEYS: i32 = 64;

/** Query rows that share a key head from which unpacking the keys pays. */
const TILED_ROWS: i32 = 12;

// Scratch of a thread: scores, 16-bit weights, then the query (D · 4 bytes) and the running sums (D · 4 bytes), padded.
const WEIGHTS: usize = 256;
const QUERY: usize = 512;

/** out [N, H·D]: tokens position..position+N, causal. Threads share the heads. */
export function attentionCached(
  out: usize,
  q: usize,
  keys: usize,
  values: usize,
  capacity: i32,
  int8: i32,
  N: i32,
  position: i32,
  H: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  if (N > 1 && N * (H / K) >= TILED_ROWS) {
    attendTiles(out, q, keys, values, capacity, int8, N, position, H, K, D, stride);
    return;
  }
  const codes = ((<usize>K * capacity * D) + 15) & ~15;
  const end = shareEnd(H, 1);
  for (let h = shareBegin(H, 1); h < end; h++) {
    const first = <usize>(h / (H / K)) * capacity;
    const bytes = (first * D) << (int8 ? 0 : 2);
    for (let i = 0; i < N; i++) {
      const from = q + ((<usize>i * stride + <usize>h * D) << 2);
      const to = out + ((<usize>(i * H + h) * D) << 2);
      const length = position + i + 1;
      if (int8) {
        const scales = codes + (first << 2);
        attendInt8(to, from, keys + bytes, keys + scales, values + bytes, values + scales, length, D);
      } else {
        attendF32(to, from, keys + bytes, values + bytes, length, D);
      }
    }
  }
}

let most: f32 = 0;
let total: f32 = 0;

// @ts-ignore: decorator
@inline
function sumsOf(D: i32): usize {
  return scratch() + QUERY + (((<usize>D << 2) + 63) & ~63);
}

function begin(D: i32): void {
  most = -Infinity;
  total = 0;
  memory.fill(sumsOf(D), 0, ((<usize>D << 2) + 63) & ~63);
}

/** Turns a block's scores into e^(score − most), after rescaling the sums when the block raises the maximum. */
function exponentials(scores: usize, count: i32, D: i32): void {
  const end = scores + ((<usize>count) << 2);
  const stop = (end + 15) & ~15;
  for (let at = end; at < stop; at += 4) store<f32>(at, -Infinity);
  let high = f32x4.splat(-Infinity);
  for (let at = scores; at < stop; at += 16) high = f32x4.pmax(high, v128.load(at));
  const top = max_ps(high);
  if (top > most) {
    const factor = exp_ps(f32x4.splat(most - top));
    const sums = sumsOf(D);
    for (let at = sums; at < sums + ((<usize>D) << 2); at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
    total *= f32x4.extract_lane(factor, 0);
    most = top;
  }
  const shift = f32x4.splat(most);
  let sum = f32x4.splat(0);
  for (let at = scores; at < stop; at += 16) {
    const weight = exp_ps(f32x4.sub(v128.load(at), shift));
    v128.store(at, weight);
    sum = f32x4.add(sum, weight);
  }
  total += sum_ps(sum);
}

function finish(out: usize, D: i32): void {
  const sums = sumsOf(D);
  const factor = <f32>1 / total;
  const end = (<usize>D) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) v128.store(out + at, f32x4.mul(v128.load(sums + at), f32x4.splat(factor)));
  for (; at < end; at += 4) store<f32>(out + at, load<f32>(sums + at) * factor);
}

/** Sums of the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function laneSumsI32(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

// @ts-ignore: decorator
@inline
function laneSumsF32(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}

// --- int8 -------------------------------------------------------------------------------------------------------------

function attendInt8(
  out: usize,
  q: usize,
  keys: usize,
  keyScales: usize,
  values: usize,
  valueScales: usize,
  length: i32,
  D: i32,
): void {
  const scores = scratch();
  const scale = f32x4.splat(quantizeQuery(q, D));
  begin(D);
  for (let s = 0; s < length; s += KEYS) {
    const count = min(KEYS, length - s);
    scoresInt8(scores, keys + <usize>s * D, count, D);
    multiplyScales(scores, keyScales + ((<usize>s) << 2), scale, count);
    exponentials(scores, count, D);
    multiplyScales(scores, valueScales + ((<usize>s) << 2), f32x4.splat(1), count);
    weighInt8(scores, values + <usize>s * D, count, D);
  }
  finish(out, D);
}

/** Rounds a query head to 16 bits, zeros up to a multiple of 8; returns the scale, 1/sqrt(D) included. */
function quantizeQuery(q: usize, D: i32): f32 {
  const codes = scratch() + QUERY;
  const limit = largest(q, D);
  const top = <f32>min(32767, i32.MAX_VALUE / (127 * D));
  const factor = f32x4.splat(limit < 1e-30 ? 0 : top / limit);
  memory.fill(codes, 0, ((<usize>D << 1) + 15) & ~15);
  let d = 0;
  for (; d + 4 <= D; d += 4) store<i64>(codes + ((<usize>d) << 1), codes16(v128.load(q + ((<usize>d) << 2)), factor));
  if (d < D) store<i32>(codes + ((<usize>d) << 1), <i32>codes16(v128.load64_zero(q + ((<usize>d) << 2)), factor));
  return limit / (top * sqrt<f32>(<f32>D));
}

// @ts-ignore: decorator
@inline
function codes16(x: v128, factor: v128): i64 {
  const wide = round_ps(f32x4.mul(x, factor));
  return i64x2.extract_lane(i16x8.narrow_i32x4_s(wide, wide), 0);
}

/** scores f32 [count, padded to 4] = integer products of the query and each key. */
function scoresInt8(scores: usize, keys: usize, count: i32, D: i32): void {
  const query = scratch() + QUERY;
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

/** sums += Σ weight · codes of the value, over the block. */
function weighInt8(weights: usize, values: usize, count: i32, D: i32): void {
  const limit = largest(weights, count);
  const factor = f32x4.splat(limit < 1e-30 ? 0 : 32767 / limit);
  const codes = scratch() + WEIGHTS;
  const padded = (<usize>count + 3) & ~3;
  for (let i: usize = 0; i < padded; i += 4) store<i64>(codes + (i << 1), codes16(v128.load(weights + (i << 2)), factor));
  if (count & 1) store<i16>(codes + ((<usize>count) << 1), 0);
  const scale = f32x4.splat(limit / 32767);
  const sums = sumsOf(D);
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

// --- f32 --------------------------------------------------------------------------------------------------------------

function attendF32(out: usize, q: usize, keys: usize, values: usize, length: i32, D: i32): void {
  const scores = scratch();
  const query = scratch() + QUERY;
  const scale = <f32>1 / sqrt<f32>(<f32>D);
  for (let d = 0; d < D; d++) store<f32>(query + ((<usize>d) << 2), load<f32>(q + ((<usize>d) << 2)) * scale);
  begin(D);
  for (let s = 0; s < length; s += KEYS) {
    const count = min(KEYS, length - s);
    const bytes = (<usize>s * D) << 2;
    scoresF32(scores, keys + bytes, count, D);
    exponentials(scores, count, D);
    weighF32(scores, values + bytes, count, D);
  }
  finish(out, D);
}

/** scores f32 [count, padded to 4] = products of the query and each key. */
function scoresF32(scores: usize, keys: usize, count: i32, D: i32): void {
  const query = scratch() + QUERY;
  const row = (<usize>D) << 2;
  const last = keys + <usize>(count - 1) * row;
  const end = query + ((<usize>(D & ~3)) << 2);
  for (let s = 0; s < count; s += 4, scores += 16) {
    let k0 = keys + <usize>s * row;
    let k1 = min(k0 + row, last);
    let k2 = min(k1 + row, last);
    let k3 = min(k2 + row, last);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    for (let at = query; at < end; at += 16, k0 += 16, k1 += 16, k2 += 16, k3 += 16) {
      const x = v128.load(at);
      a0 = madd_ps(v128.load(k0), x, a0);
      a1 = madd_ps(v128.load(k1), x, a1);
      a2 = madd_ps(v128.load(k2), x, a2);
      a3 = madd_ps(v128.load(k3), x, a3);
    }
    if (D & 2) {
      const x = v128.load64_zero(end);
      a0 = madd_ps(v128.load64_zero(k0), x, a0);
      a1 = madd_ps(v128.load64_zero(k1), x, a1);
      a2 = madd_ps(v128.load64_zero(k2), x, a2);
      a3 = madd_ps(v128.load64_zero(k3), x, a3);
    }
    v128.store(scores, laneSumsF32(a0, a1, a2, a3));
  }
}

/** sums += Σ weight · value, over the block. */
function weighF32(weights: usize, values: usize, count: i32, D: i32): void {
  const row = (<usize>D) << 2;
  const end = weights + ((<usize>count) << 2);
  const sums = sumsOf(D);
  let d = 0;
  for (; d + 16 <= D; d += 16) {
    const to = sums + ((<usize>d) << 2);
    let v = values + ((<usize>d) << 2);
    let a0 = v128.load(to);
    let a1 = v128.load(to, 16);
    let a2 = v128.load(to, 32);
    let a3 = v128.load(to, 48);
    for (let at = weights; at < end; at += 4, v += row) {
      const weight = v128.load32_splat(at);
      a0 = madd_ps(v128.load(v), weight, a0);
      a1 = madd_ps(v128.load(v, 16), weight, a1);
      a2 = madd_ps(v128.load(v, 32), weight, a2);
      a3 = madd_ps(v128.load(v, 48), weight, a3);
    }
    v128.store(to, a0);
    v128.store(to, a1, 16);
    v128.store(to, a2, 32);
    v128.store(to, a3, 48);
  }
  for (; d < D; d += 2) {
    const to = sums + ((<usize>d) << 2);
    let v = values + ((<usize>d) << 2);
    let a = v128.load64_zero(to);
    for (let at = weights; at < end; at += 4, v += row) a = madd_ps(v128.load64_zero(v), v128.load32_splat(at), a);
    v128.store64_lane(to, a, 0);
  }
}
