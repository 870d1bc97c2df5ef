// Float weights to packed int4, in the layout of files (int4.ts), and 16-bit floats to f32: what a loader needs.
import { shareBegin, shareEnd, scratch, threads } from "./control";
import { BLOCK } from "./int4-block";
import { GROUP, groupScale } from "./int4-scale";
import { round_ps } from "./math";

// Limits of the codes, and what makes them 0 … 15. In memory, because V8 rebuilds literal vectors at every use.
// @ts-ignore: decorator
@lazy
const LIMITS: usize = memory.data<i8>([
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8, -8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
], 16);

// The exponent of a half moved up 13 bits, all but its sign, a bias of 112 and one of 113, and 2⁻¹⁴, whose bits are the same.
// @ts-ignore: decorator
@lazy
const HALVES: usize = memory.data<u32>([
  0x0f800000, 0x0f800000, 0x0f800000, 0x0f800000,
  0x7fff, 0x7fff, 0x7fff, 0x7fff,
  0x38000000, 0x38000000, 0x38000000, 0x38000000,
  0x38800000, 0x38800000, 0x38800000, 0x38800000,
  0x38800000, 0x38800000, 0x38800000, 0x38800000,
], 16);

/** out = w [rows, columns] packed; faults i32 [1] (0: none) += groups with a weight that is not finite. */
export function packInt4(out: usize, w: usize, rows: i32, columns: i32, faults: usize): void {
  const blocks = (columns + 31) >> 5;
  const end = shareEnd(rows, 8);
  let bad = 0;
  for (let row = shareBegin(rows, 8); row < end; row += 8) {
    const panel = out + <usize>(row >> 3) * (<usize>blocks * BLOCK);
    const count = min(8, rows - row);
    for (let r = 0; r < count; r++) {
      bad += packRow(panel, w + ((<usize>(row + r) * <usize>columns) << 2), r, columns);
    }
    for (let r = count; r < 8; r++) {
      for (let b = 0; b < blocks; b++) emptyGroup(panel + <usize>b * BLOCK, r, 0);
    }
  }
  report(faults, bad);
}

/** Adds this thread's count to the word at `faults`. */
export function report(faults: usize, bad: i32): void {
  if (faults == 0 || bad == 0) return;
  if (ASC_FEATURE_THREADS && threads() > 1) atomic.add<i32>(faults, bad);
  else store<i32>(faults, load<i32>(faults) + bad);
}

/** One row, lane r of the blocks from `block` on; returns its groups that are not finite. */
function packRow(block: usize, w: usize, r: i32, columns: i32): i32 {
  let bad = 0;
  for (let k = 0; k < columns; k += 32, w += GROUP, block += BLOCK) {
    let from = w;
    if (columns - k < 32) {
      from = scratch();
      memory.fill(from, 0, GROUP);
      memory.copy(from, w, (<usize>(columns - k)) << 2);
    }
    const scale = groupScale(from);
    if (scale == 0 || scale != scale) emptyGroup(block, r, scale);
    else packGroup(block, from, r, scale);
    bad += i32(scale != scale);
  }
  return bad;
}

// @ts-ignore: decorator
@inline
function packGroup(block: usize, w: usize, r: i32, scale: f32): void {
  const inverse = f32x4.splat(1 / scale);
  const low = codes(w, inverse);
  const top = codes(w + 64, inverse);
  storeGroup(block, r, scale, v128.or(low, i8x16.shl(top, 4)));
}

/** Codes 0 … 15 of sixteen weights. */
// @ts-ignore: decorator
@inline
function codes(w: usize, inverse: v128): v128 {
  const a = round_ps(f32x4.mul(v128.load(w), inverse));
  const b = round_ps(f32x4.mul(v128.load(w, 16), inverse));
  const c = round_ps(f32x4.mul(v128.load(w, 32), inverse));
  const d = round_ps(f32x4.mul(v128.load(w, 48), inverse));
  const all = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  const within = i8x16.max_s(i8x16.min_s(all, v128.load(LIMITS)), v128.load(LIMITS, 16));
  return i8x16.add(within, v128.load(LIMITS, 32));
}

/** Codes 8 under the scale 0, or NaN. */
function emptyGroup(block: usize, r: i32, scale: f32): void {
  storeGroup(block, r, scale, i8x16.splat(-0x78)); // 0x88
}

/** A lane's scale, and its 16 bytes of codes in four parts. */
// @ts-ignore: decorator
@inline
function storeGroup(block: usize, r: i32, scale: f32, bytes: v128): void {
  store<u16>(block + ((<usize>r) << 1), <u16>(reinterpret<u32>(scale) >> 16));
  const at = block + 16 + <usize>(((r >> 2) << 4) + ((r & 3) << 2));
  store<i32>(at, i32x4.extract_lane(bytes, 0));
  store<i32>(at, i32x4.extract_lane(bytes, 1), 32);
  store<i32>(at, i32x4.extract_lane(bytes, 2), 64);
  store<i32>(at, i32x4.extract_lane(bytes, 3), 96);
}

/** out f32 [n] = x, n halves of IEEE (bf16: 0) or bfloat16. A NaN keeps its payload. */
export function widen(out: usize, x: usize, n: i32, bf16: i32): void {
  let i = shareBegin(n, 16);
  const end = shareEnd(n, 16);
  for (; i + 8 <= end; i += 8) {
    const halves = v128.load(x + ((<usize>i) << 1));
    widenEight(out + ((<usize>i) << 2), halves, bf16);
  }
  if (i == end) return;
  const padded = scratch();
  memory.fill(padded, 0, 16);
  memory.copy(padded, x + ((<usize>i) << 1), (<usize>(end - i)) << 1);
  widenEight(padded + 16, v128.load(padded), bf16);
  memory.copy(out + ((<usize>i) << 2), padded + 16, (<usize>(end - i)) << 2);
}

// @ts-ignore: decorator
@inline
function widenEight(out: usize, halves: v128, bf16: i32): void {
  const low = i32x4.extend_low_i16x8_u(halves);
  const high = i32x4.extend_high_i16x8_u(halves);
  v128.store(out, bf16 ? i32x4.shl(low, 16) : widenHalves(low));
  v128.store(out, bf16 ? i32x4.shl(high, 16) : widenHalves(high), 16);
}

/**
 * IEEE halves, as integers, to f32: exponent and fraction move up 13 bits, and the exponent's bias grows by 112; that of
 * infinity and NaN by 224. Of a subnormal the fraction f becomes 2⁻¹⁴ + f · 2⁻²⁴, from which 2⁻¹⁴ is taken: no f32 on the
 * way is subnormal, which would be slow.
 */
// @ts-ignore: decorator
@inline
function widenHalves(halves: v128): v128 {
  const exponent = v128.load(HALVES);
  const bits = i32x4.shl(v128.and(halves, v128.load(HALVES, 16)), 13);
  const masked = v128.and(bits, exponent);
  const normal = i32x4.add(bits, v128.load(HALVES, 32));
  const special = i32x4.add(normal, v128.load(HALVES, 32));
  const small = f32x4.sub(i32x4.add(bits, v128.load(HALVES, 48)), v128.load(HALVES, 64));
  const value = v128.bitselect(small, normal, i32x4.eq(masked, i32x4.splat(0)));
  const all = v128.bitselect(special, value, i32x4.eq(masked, exponent));
  return v128.or(all, i32x4.shl(i32x4.shr_u(halves, 15), 31));
}
