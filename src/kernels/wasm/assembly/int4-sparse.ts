// Products of int4 matrices with one token that skip what zeros make useless, as ReLU leaves them: rows of `up` whose gate
// is shut, columns of `down` whose activation is zero. Both give the dense product's numbers (int4.ts) bit for bit.
//
// The dense layout's blocks of 8 rows × 32 columns allow neither, so there is one layout for each, as large as the dense:
// "rows": row r starts at r · 18 · K/32: K/32 vectors of 16 bytes (byte k: column k of the group in its low nibble, column
// 16 + k in its high one), then K/32 bf16 scales.
// "columns" (M a multiple of 32): group b of 32 columns starts at b · 18 · M: M bf16 scales, then 32 columns of M/2 bytes;
// byte i of a column's vector v holds row 32v + i in its low nibble and row 32v + 16 + i in its high one.
// int4-repack.ts changes the layout. Activations are those of quantizeRows for one token.
import { scratch, shareBegin, shareEnd, thread, threads } from "./control";
import { CONSTANTS } from "./op";
import { madd_ps } from "./math";

/** Bytes of a block of quantised activations of one token. */
const X_BLOCK: usize = ASC_FEATURE_RELAXED_SIMD ? 36 : 68;
/** Where a block's offset -8 · (sum of codes) lies. */
const X_OFFSET: usize = ASC_FEATURE_RELAXED_SIMD ? 32 : 64;
// Number of the activation in `activations` of src/spec/spec.ts.
const RELU2: i32 = 4;

/** out [M] = act(gate [M]) · (w [M,K] · x): rows with a gate of at most 0 are skipped and give 0. Layout "rows". */
export function gatedRowsInt4(out: usize, gate: usize, x: usize, w: usize, M: i32, K: i32, kind: i32): void {
  const list = scratch() + 64;
  const open = listOpen(list, gate, M);
  // Equal shares of the open rows; the shut ones belong to the thread of the open one before them.
  const first = (open * thread()) / threads();
  const last = (open * (thread() + 1)) / threads();
  const from = thread() == 0 ? 0 : first < open ? load<i32>(list + ((<usize>first) << 2)) : M;
  const to = thread() == threads() - 1 ? M : last < open ? load<i32>(list + ((<usize>last) << 2)) : M;
  if (to > from) memory.fill(out + ((<usize>from) << 2), 0, (<usize>(to - from)) << 2);
  const blocks = (K + 31) >> 5;
  for (let i = first; i < last; i += 4) {
    const rows = list + ((<usize>i) << 2);
    // The last three may be less than four: the first then stands in for those that are missing.
    const count = last - i;
    const r0 = load<i32>(rows);
    const r1 = count > 1 ? load<i32>(rows, 4) : r0;
    const r2 = count > 2 ? load<i32>(rows, 8) : r0;
    const r3 = count > 3 ? load<i32>(rows, 12) : r0;
    touchRows(w, blocks, rows, min(count, 4));
    const sums = fourRows(x, w, blocks, r0, r1, r2, r3);
    gated(out, gate, r0, f32x4.extract_lane(sums, 0), kind);
    if (count > 1) gated(out, gate, r1, f32x4.extract_lane(sums, 1), kind);
    if (count > 2) gated(out, gate, r2, f32x4.extract_lane(sums, 2), kind);
    if (count > 3) gated(out, gate, r3, f32x4.extract_lane(sums, 3), kind);
  }
}

/**
 * Loads a word of each cache line of some bytes, so that memory works on all lines at once: the stretches that are left
 * between skipped ones are too short for the processor to fetch ahead by itself.
 */
function touch(from: usize, bytes: usize): void {
  let sum: u32 = 0;
  for (const end = from + bytes; from < end; from += 64) sum += load<u32>(from);
  store<u32>(scratch(), sum);
}

function touchRows(w: usize, blocks: i32, rows: usize, count: i32): void {
  const rowBytes = <usize>blocks * 18;
  for (const end = rows + ((<usize>count) << 2); rows < end; rows += 4) touch(w + <usize>load<i32>(rows) * rowBytes, rowBytes);
}

// @ts-ignore: decorator
@inline
function gated(out: usize, gate: usize, row: i32, up: f32, kind: i32): void {
  const at = (<usize>row) << 2;
  const value = load<f32>(gate + at);
  store<f32>(out + at, (kind == RELU2 ? value * value : value) * up);
}

/** Indices of the gates above 0 (or NaN) into list; returns how many. */
function listOpen(list: usize, gate: usize, M: i32): i32 {
  const zero = f32x4.splat(0);
  let count: usize = 0;
  let i = 0;
  for (; i + 4 <= M; i += 4) {
    let mask = 15 ^ i32x4.bitmask(f32x4.le(v128.load(gate + ((<usize>i) << 2)), zero));
    while (mask != 0) {
      store<i32>(list + (count << 2), i + ctz(mask));
      count++;
      mask &= mask - 1;
    }
  }
  for (; i < M; i++) {
    if (load<f32>(gate + ((<usize>i) << 2)) <= 0) continue;
    store<i32>(list + (count << 2), i);
    count++;
  }
  return <i32>count;
}

/** Four rows · x, one in each lane. */
function fourRows(x: usize, w: usize, blocks: i32, r0: i32, r1: i32, r2: i32, r3: i32): v128 {
  const rowBytes = <usize>blocks * 18;
  let w0 = w + <usize>r0 * rowBytes;
  let w1 = w + <usize>r1 * rowBytes;
  let w2 = w + <usize>r2 * rowBytes;
  let w3 = w + <usize>r3 * rowBytes;
  let s0 = w0 + ((<usize>blocks) << 4);
  let s1 = w1 + ((<usize>blocks) << 4);
  let s2 = w2 + ((<usize>blocks) << 4);
  let s3 = w3 + ((<usize>blocks) << 4);
  let sums = f32x4.splat(0);
  for (const end = s0; w0 != end; w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
    const total = blockOfRows(x, w0, w1, w2, w3);
    // A bf16 is the upper half of an f32.
    let scale = v128.load_lane<u16>(s0, i32x4.splat(0), 1);
    scale = v128.load_lane<u16>(s1, scale, 3);
    scale = v128.load_lane<u16>(s2, scale, 5);
    scale = v128.load_lane<u16>(s3, scale, 7);
    sums = madd_ps(f32x4.convert_i32x4_s(i32x4.add(total, v128.load32_splat(x + X_OFFSET))), scale, sums);
    x += X_BLOCK;
    s0 += 2;
    s1 += 2;
    s2 += 2;
    s3 += 2;
  }
  return f32x4.mul(sums, v128.load32_splat(x));
}

/** Sums of products of a block of four rows, one in each lane. */
// @ts-ignore: decorator
@inline
function blockOfRows(x: usize, w0: usize, w1: usize, w2: usize, w3: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const mask = v128.load(CONSTANTS);
    const low = v128.load(x);
    const top = v128.load(x, 16);
    // Int16 lanes of 4, then 8, then 16 products: at most 30,480.
    const a = halves(rowProducts(v128.load(w0), low, top, mask), rowProducts(v128.load(w1), low, top, mask));
    const b = halves(rowProducts(v128.load(w2), low, top, mask), rowProducts(v128.load(w3), low, top, mask));
    const pairs = i16x8.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
    return i32x4.dot_i16x8_s(pairs, v128.load(CONSTANTS, 16));
  }
  // Int16 activations (k0, k2, k1, k3): even columns are every other pair, as are the even bytes of the codes.
  const mask = v128.load(CONSTANTS, 48);
  const a = v128.load(x);
  const b = v128.load(x, 16);
  const c = v128.load(x, 32);
  const d = v128.load(x, 48);
  const even = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
  const odd = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
  const evenTop = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
  const oddTop = v128.shuffle<i32>(c, d, 1, 3, 5, 7);
  const p0 = rowProductsSimd128(v128.load(w0), even, odd, evenTop, oddTop, mask);
  const p1 = rowProductsSimd128(v128.load(w1), even, odd, evenTop, oddTop, mask);
  const p2 = rowProductsSimd128(v128.load(w2), even, odd, evenTop, oddTop, mask);
  const p3 = rowProductsSimd128(v128.load(w3), even, odd, evenTop, oddTop, mask);
  const u = i32x4.add(v128.shuffle<i32>(p0, p1, 0, 1, 4, 5), v128.shuffle<i32>(p0, p1, 2, 3, 6, 7));
  const v = i32x4.add(v128.shuffle<i32>(p2, p3, 0, 1, 4, 5), v128.shuffle<i32>(p2, p3, 2, 3, 6, 7));
  return i32x4.add(v128.shuffle<i32>(u, v, 0, 2, 4, 6), v128.shuffle<i32>(u, v, 1, 3, 5, 7));
}

// @ts-ignore: decorator
@inline
function rowProducts(codes: v128, low: v128, top: v128, mask: v128): v128 {
  return i16x8.add(
    i16x8.relaxed_dot_i8x16_i7x16_s(low, v128.and(codes, mask)),
    i16x8.relaxed_dot_i8x16_i7x16_s(top, v128.and(i16x8.shr_u(codes, 4), mask)),
  );
}

/** The two halves of a added, then those of b. */
// @ts-ignore: decorator
@inline
function halves(a: v128, b: v128): v128 {
  return i16x8.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3));
}

// @ts-ignore: decorator
@inline
function rowProductsSimd128(codes: v128, even: v128, odd: v128, evenTop: v128, oddTop: v128, mask: v128): v128 {
  let sums = i32x4.dot_i16x8_s(v128.and(codes, mask), even);
  sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(codes, 8), mask), odd));
  sums = i32x4.add(sums, i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(codes, 4), mask), evenTop));
  return i32x4.add(sums, i32x4.dot_i16x8_s(i16x8.shr_u(codes, 12), oddTop));
}

/** out [M] (+)= w [M,K] · x, without the columns whose activation's code is 0. Layout "columns", M a multiple of 32. */
export function skipColumnsInt4(out: usize, x: usize, w: usize, M: i32, K: i32, accumulate: i32): void {
  const begin = shareBegin(M, 32);
  const count = shareEnd(M, 32) - begin;
  // Thread scratch: the list of a group's columns, then the sums.
  const list = scratch() + 64;
  const sums = list + 448;
  memory.fill(sums, 0, (<usize>count) << 2);
  const blocks = (K + 31) >> 5;
  const groupBytes = <usize>M * 18;
  for (let b = 0; b < blocks; b++, x += X_BLOCK, w += groupBytes) {
    const end = listColumns(list, x, w + ((<usize>M) << 1) + ((<usize>begin) >> 1), (<usize>M) >> 1);
    if (end == list) continue;
    for (let pair = list; pair < end; pair += 12) {
      touch(<usize>load<u32>(pair), (<usize>count) >> 1);
      touch(<usize>load<u32>(pair, 4), (<usize>count) >> 1);
    }
    const offset = i16x8.splat(<i16>load<i32>(x + X_OFFSET));
    const scales = w + ((<usize>begin) << 1);
    for (let strip: usize = 0; strip < (<usize>count) >> 5; strip++) {
      foldStrip(sums + (strip << 7), scales + (strip << 6), list, end, strip << 4, offset);
    }
  }
  const scale = v128.load32_splat(x);
  const to = out + ((<usize>begin) << 2);
  for (let at: usize = 0; at < (<usize>count) << 2; at += 16) {
    const value = f32x4.mul(v128.load(sums + at), scale);
    v128.store(to + at, accumulate ? f32x4.add(v128.load(to + at), value) : value);
  }
}

/**
 * Lists the columns of a group whose code is not 0, in pairs of 12 bytes: two addresses and the two codes. Returns the
 * end of the list. An odd one is paired with itself at code 0.
 */
function listColumns(list: usize, x: usize, columns: usize, columnBytes: usize): usize {
  let odd = false;
  let mask = usedColumns(x);
  while (mask != 0) {
    const k = ctz(mask);
    const address = <u32>(columns + <usize>k * columnBytes);
    const code = columnCode(x, k);
    if (odd) {
      store<u32>(list, address, 4);
      if (ASC_FEATURE_RELAXED_SIMD) store<i8>(list, <i8>code, 9);
      else store<i16>(list, <i16>code, 10);
      list += 12;
    } else {
      store<u32>(list, address);
      store<u32>(list, address, 4);
      store<i32>(list, code & (ASC_FEATURE_RELAXED_SIMD ? 255 : 65535), 8);
    }
    odd = !odd;
    mask &= mask - 1;
  }
  return odd ? list + 12 : list;
}

/** Bit k: whether column k of a block of activations has a code. */
// @ts-ignore: decorator
@inline
function usedColumns(x: usize): u32 {
  const zero = i8x16.splat(0);
  if (ASC_FEATURE_RELAXED_SIMD) {
    const low = i8x16.bitmask(i8x16.eq(v128.load(x), zero));
    return ~(<u32>low | ((<u32>i8x16.bitmask(i8x16.eq(v128.load(x, 16), zero))) << 16));
  }
  let mask: u32 = 0;
  for (let k = 0; k < 32; k++) if (columnCode(x, k) != 0) mask |= (<u32>1) << k;
  return mask;
}

// @ts-ignore: decorator
@inline
function columnCode(x: usize, k: i32): i32 {
  if (ASC_FEATURE_RELAXED_SIMD) return load<i8>(x + <usize>k);
  // (k0, k2, k1, k3): the two bits of the place in a quad are swapped.
  const place = (k & ~3) | ((k & 1) << 1) | ((k >> 1) & 1);
  return load<i16>(x + ((<usize>place) << 1));
}

/**
 * Adds a group's columns to the f32 sums of 32 rows. The int16 sums may wrap on the way, but their end, a sum of 32
 * products of -8..7 and -127..127, fits.
 */
// @ts-ignore: decorator
@inline
function foldStrip(sums: usize, scales: usize, list: usize, end: usize, at: usize, offset: v128): void {
  let a0 = offset;
  let a1 = offset;
  let a2 = offset;
  let a3 = offset;
  const mask = v128.load(CONSTANTS);
  for (; list < end; list += 12) {
    const one = v128.load(<usize>load<u32>(list) + at);
    const two = v128.load(<usize>load<u32>(list, 4) + at);
    if (ASC_FEATURE_RELAXED_SIMD) {
      const x = v128.load16_splat(list, 8);
      const low = v128.shuffle<u8>(one, two, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const top = v128.shuffle<u8>(one, two, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      a0 = i16x8.add(a0, i16x8.relaxed_dot_i8x16_i7x16_s(x, v128.and(low, mask)));
      a1 = i16x8.add(a1, i16x8.relaxed_dot_i8x16_i7x16_s(x, v128.and(top, mask)));
      a2 = i16x8.add(a2, i16x8.relaxed_dot_i8x16_i7x16_s(x, v128.and(i16x8.shr_u(low, 4), mask)));
      a3 = i16x8.add(a3, i16x8.relaxed_dot_i8x16_i7x16_s(x, v128.and(i16x8.shr_u(top, 4), mask)));
    } else {
      const x = v128.load16_splat(list, 8);
      const y = v128.load16_splat(list, 10);
      a0 = i16x8.add(a0, both(i16x8.extend_low_i8x16_u(v128.and(one, mask)), x, i16x8.extend_low_i8x16_u(v128.and(two, mask)), y));
      a1 = i16x8.add(a1, both(i16x8.extend_high_i8x16_u(v128.and(one, mask)), x, i16x8.extend_high_i8x16_u(v128.and(two, mask)), y));
      a2 = i16x8.add(a2, both(i16x8.extend_low_i8x16_u(i8x16.shr_u(one, 4)), x, i16x8.extend_low_i8x16_u(i8x16.shr_u(two, 4)), y));
      a3 = i16x8.add(a3, both(i16x8.extend_high_i8x16_u(i8x16.shr_u(one, 4)), x, i16x8.extend_high_i8x16_u(i8x16.shr_u(two, 4)), y));
    }
  }
  fold(sums, scales, a0);
  fold(sums + 32, scales + 16, a1);
  fold(sums + 64, scales + 32, a2);
  fold(sums + 96, scales + 48, a3);
}

// @ts-ignore: decorator
@inline
function both(a: v128, x: v128, b: v128, y: v128): v128 {
  return i16x8.add(i16x8.mul(a, x), i16x8.mul(b, y));
}

/** Adds scale · total to eight sums. */
// @ts-ignore: decorator
@inline
function fold(sums: usize, scales: usize, total: v128): void {
  const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(total));
  const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(total));
  v128.store(sums, madd_ps(low, i32x4.shl(v128.load16x4_u(scales), 16), v128.load(sums)));
  v128.store(sums, madd_ps(high, i32x4.shl(v128.load16x4_u(scales, 8), 16), v128.load(sums, 16)), 16);
}

/** out i32 [1] += gates of n that are at most 0. */
export function countShut(out: usize, gate: usize, n: i32): void {
  if (thread() != 0) return;
  const zero = f32x4.splat(0);
  let sums = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) sums = i32x4.sub(sums, f32x4.le(v128.load(gate + ((<usize>i) << 2)), zero));
  let count = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
  count += i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (; i < n; i++) count += <i32>(load<f32>(gate + ((<usize>i) << 2)) <= 0);
  store<i32>(out, load<i32>(out) + count);
}
