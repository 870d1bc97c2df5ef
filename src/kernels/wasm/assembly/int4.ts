// Packed int4 weights and the int8 activations they are multiplied with: layouts, gather, quantisation of activations.
//
// Weights (also the file layout, see src/quant/int4.ts): panels of 8 rows; a panel is K/32 blocks of 144 bytes (rows
// and K padded with zeros); a block is 8 bf16 scales, then vectors j = 0..3 × row quad g = 0..1: byte 4r+i of vector
// (g, j) holds row 4g+r at k = 4j+i (low nibble) and k = 16+4j+i (high nibble). Value = (code - 8) · scale.
//
// Activations: tokens in groups of T = 4 (see `tiledTokens` for the rest: T = 1). A group is K/32 blocks, each of eight
// k-quads × T tokens × 4 codes, then T int32 offsets = -8 · (sum of the block's codes), which undo the weights' code -
// 8; after the last block T f32 scales. Codes are int8; without relaxed SIMD int16, in the order (k0, k2, k1, k3).
import { scratch, shareBegin, shareEnd } from "./control";
import { largest, round_ps } from "./math";

const BLOCK: i32 = 144;
/** Tokens of a group: a prefill tile. */
export const TILE: i32 = 4;
/** Bytes of one activation code. */
const CODE: i32 = ASC_FEATURE_RELAXED_SIMD ? 1 : 2;

/** out [N,C] = rows at ids of a packed table, dequantised. */
export function gatherInt4(out: usize, table: usize, ids: usize, N: i32, C: i32): void {
  const panelBytes = <usize>(((C + 31) >> 5) * BLOCK);
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const id = load<i32>(ids + ((<usize>i) << 2));
    gatherRow(out + ((<usize>i * C) << 2), table + <usize>(id >> 3) * panelBytes, id & 7, C);
  }
}

function gatherRow(out: usize, block: usize, row: i32, C: i32): void {
  const codes = <usize>(16 + ((row >> 2) << 4) + ((row & 3) << 2));
  const padded = scratch();
  for (let k = 0; k < C; k += 32, block += BLOCK, out += 128) {
    const whole = C - k >= 32;
    const to = whole ? out : padded;
    const scale = f32x4.splat(reinterpret<f32>((<u32>load<u16>(block + ((<usize>row) << 1))) << 16));
    for (let j: usize = 0; j < 4; j++) {
      const bytes = v128.load32_zero(block + codes + (j << 5));
      const both = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
      v128.store(to + (j << 4), dequantise(v128.and(both, i32x4.splat(15)), scale));
      v128.store(to + (j << 4), dequantise(i32x4.shr_u(both, 4), scale), 64);
    }
    if (!whole) memory.copy(out, padded, (<usize>(C - k)) << 2);
  }
}

// @ts-ignore: decorator
@inline
function dequantise(codes: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(codes, i32x4.splat(8))), scale);
}

/**
 * Tokens that are computed in groups of four; one or two after them stand alone (the fourth of three is computed for
 * nothing).
 */
// @ts-ignore: decorator
@inline
export function tiledTokens(N: i32): i32 {
  const rest = N % TILE;
  return N - rest + (rest == TILE - 1 ? TILE : 0);
}

/** Bytes of one token's activations, its offsets and scale included. */
// @ts-ignore: decorator
@inline
export function tokenBytes(blocks: i32): i32 {
  return blocks * (32 * CODE + 4) + 4;
}

/** Quantises x [N,K]: code = x · 127/max|x| of the row, rounded to nearest, ties to even; scale = max|x|/127. */
export function quantizeRows(out: usize, x: usize, N: i32, K: i32): void {
  const blocks = (K + 31) >> 5;
  const bytes = <usize>tokenBytes(blocks);
  const tiled = tiledTokens(N);
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = x + ((<usize>i * K) << 2);
    if (i >= tiled) {
      quantizeRow(out + <usize>i * bytes, row, K, 1);
    } else {
      const member = i % TILE;
      quantizeRow(out + <usize>(i - member) * bytes, row, K, TILE, member);
    }
  }
}

// `out` is the group, `member` the token's place among its `T`.
function quantizeRow(out: usize, x: usize, K: i32, T: i32, member: i32 = 0): void {
  const limit = largest(x, K);
  // Below 1e-30 the row counts as zero: 127/max would overflow.
  const zero = limit < 1e-30;
  const factor = f32x4.splat(zero ? 0 : 127 / limit);
  const step = <usize>(T * 4 * CODE);
  const padded = scratch();
  let at = out + <usize>(member * 4 * CODE);
  let k = 0;
  for (; k < K; k += 32, x += 128) {
    let from = x;
    if (K - k < 32) {
      memory.fill(padded, 0, 128);
      memory.copy(padded, x, (<usize>(K - k)) << 2);
      from = padded;
    }
    let sum = i32x4.splat(0);
    for (let j = 0; j < 4; j++, from += 32, at += step << 1) {
      const a = round_ps(f32x4.mul(v128.load(from), factor));
      const b = round_ps(f32x4.mul(v128.load(from, 16), factor));
      sum = i32x4.add(sum, i32x4.add(a, b));
      storeCodes(at, step, i16x8.narrow_i32x4_s(a, b));
    }
    const total = i64x2.add(i64x2.extend_low_i32x4_s(sum), i64x2.extend_high_i32x4_s(sum));
    const offset = -8 * <i32>(i64x2.extract_lane(total, 0) + i64x2.extract_lane(total, 1));
    // `at` is past the block's codes by member · 4 · CODE; the offsets are 4 bytes a token.
    const offsets = at - <usize>(member * 4 * CODE);
    store<i32>(offsets + ((<usize>member) << 2), offset);
    at += (<usize>T) << 2;
  }
  const last = at - <usize>(member * 4 * CODE);
  store<f32>(last + ((<usize>member) << 2), zero ? 0 : limit / 127);
}

/** Stores the int16 codes of two k-quads, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function storeCodes(at: usize, step: usize, codes: v128): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const bytes = i8x16.narrow_i16x8_s(codes, codes);
    store<i32>(at, i32x4.extract_lane(bytes, 0));
    store<i32>(at + step, i32x4.extract_lane(bytes, 1));
  } else {
    const ordered = v128.shuffle<i16>(codes, codes, 0, 2, 1, 3, 4, 6, 5, 7);
    store<i64>(at, i64x2.extract_lane(ordered, 0));
    store<i64>(at + step, i64x2.extract_lane(ordered, 1));
  }
}
