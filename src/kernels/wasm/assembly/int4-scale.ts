// The bf16 scale of a group of 32 weights that are rounded to int4: for packing and for quantisation-aware training. The
// rule is in ../../backend.ts (fakeQuantizeInt4).
import { round_ps } from "./math";

/** Bytes of a group of 32 floats. */
export const GROUP: usize = 128;
/** A group's largest magnitude, as the integer that candidates are compared with. */
const RANGE: f32 = 2047;

/**
 * Multipliers m of the candidates, code = integer · m / 2^15, so the largest magnitude gets m / 16.008: eight from 99
 * (6.2), under which no code leaves −7 … 7, and eight from 123 to 144 (9.0), in steps of 3. In memory, as the limits of
 * the codes, because V8 rebuilds literal vectors at every use.
 */
// @ts-ignore: decorator
@lazy
const MULTIPLIERS: usize = memory.data<i16>([
  99, 99, 99, 99, 99, 99, 99, 99,
  123, 123, 123, 123, 123, 123, 123, 123,
  3, 3, 3, 3, 3, 3, 3, 3,
], 16);

// @ts-ignore: decorator
@lazy
const LIMITS: usize = memory.data<i16>([
  7, 7, 7, 7, 7, 7, 7, 7,
  -8, -8, -8, -8, -8, -8, -8, -8,
], 16);

/** The scale of the 32 weights at w, a bf16 value: NaN where one is not finite, 0 where all are below 1e-30. */
// @ts-ignore: decorator
@inline
export function groupScale(w: usize): f32 {
  // As integers, the bits of positive floats are ordered, infinity and NaN last; those of negative ones are negative.
  const magnitude = i32x4.splat(0x7fffffff);
  let most = i32x4.splat(0);
  let top = i32x4.splat(0);
  for (let j: usize = 0; j < GROUP; j += 16) {
    const x = v128.load(w + j);
    top = i32x4.max_s(top, x);
    most = i32x4.max_s(most, v128.and(x, magnitude));
  }
  const bits = maxLane(most);
  const limit = reinterpret<f32>(bits);
  if (bits >= 0x7f800000) return NaN;
  if (limit < 1e-30) return 0;
  return chooseScale(w, (maxLane(top) == bits ? -RANGE : RANGE) / limit);
}

/** The scale, a bf16 value; `factor` makes the largest magnitude −2047 (−8 is a code, 8 is not). */
function chooseScale(w: usize, factor: f32): f32 {
  const f = f32x4.splat(factor);
  const x0 = integers(w, f);
  const x1 = integers(w + 32, f);
  const x2 = integers(w + 64, f);
  const x3 = integers(w + 96, f);
  // With codes q, the best scale is A/B and removes A²/B of the squared error: A = Σ xq, B = Σ q², exact in f64. Two
  // candidates at a time, a coarse and a fine one, each compared with the best of its kind; without branches, because
  // which candidate is better cannot be predicted.
  let coarse = v128.load(MULTIPLIERS);
  let fine = v128.load(MULTIPLIERS, 16);
  let bestA = f64x2.splat(0);
  let bestB = f64x2.splat(1);
  let best = f64x2.splat(0);
  for (let i = 0; i < 8; i++) {
    const s = sums(x0, x1, x2, x3, coarse, false);
    const t = sums(x0, x1, x2, x3, fine, true);
    const both = i32x4.add(v128.shuffle<i32>(s, t, 0, 4, 2, 6), v128.shuffle<i32>(s, t, 1, 5, 3, 7));
    const A = f64x2.convert_low_i32x4_s(both);
    const B = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(both, both, 2, 3, 0, 1));
    const square = f64x2.mul(A, A);
    const better = f64x2.gt(f64x2.mul(square, bestB), f64x2.mul(best, B));
    bestA = v128.bitselect(A, bestA, better);
    bestB = v128.bitselect(B, bestB, better);
    best = v128.bitselect(square, best, better);
    coarse = i16x8.add(coarse, v128.load(MULTIPLIERS, 32));
    fine = i16x8.add(fine, v128.load(MULTIPLIERS, 32));
  }
  const coarseB = f64x2.extract_lane(bestB, 0);
  const fineB = f64x2.extract_lane(bestB, 1);
  const finer = f64x2.extract_lane(best, 1) * coarseB > f64x2.extract_lane(best, 0) * fineB;
  const A = finer ? f64x2.extract_lane(bestA, 1) : f64x2.extract_lane(bestA, 0);
  return toBf16(<f32>A / (<f32>(finer ? fineB : coarseB) * factor));
}

/** Eight weights as integers of at most ±2047. */
// @ts-ignore: decorator
@inline
function integers(w: usize, factor: v128): v128 {
  const low = round_ps(f32x4.mul(v128.load(w), factor));
  const high = round_ps(f32x4.mul(v128.load(w, 16), factor));
  return i16x8.narrow_i32x4_s(low, high);
}

/** A in two parts and B in two parts, with the codes that multiplier m gives. */
// @ts-ignore: decorator
@inline
function sums(x0: v128, x1: v128, x2: v128, x3: v128, m: v128, clamped: bool): v128 {
  const q0 = codes(x0, m, clamped);
  const q1 = codes(x1, m, clamped);
  const q2 = codes(x2, m, clamped);
  const q3 = codes(x3, m, clamped);
  const a = i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(x0, q0), i32x4.dot_i16x8_s(x1, q1)),
    i32x4.add(i32x4.dot_i16x8_s(x2, q2), i32x4.dot_i16x8_s(x3, q3)),
  );
  const b = i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(q0, q0), i32x4.dot_i16x8_s(q1, q1)),
    i32x4.add(i32x4.dot_i16x8_s(q2, q2), i32x4.dot_i16x8_s(q3, q3)),
  );
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7));
}

/** Codes of eight integers: x · m / 2^15, rounded, and kept within −8 … 7 where they could leave it. */
// @ts-ignore: decorator
@inline
function codes(x: v128, m: v128, clamped: bool): v128 {
  const q = ASC_FEATURE_RELAXED_SIMD ? i16x8.relaxed_q15mulr_s(x, m) : i16x8.q15mulr_sat_s(x, m);
  return clamped ? i16x8.max_s(i16x8.min_s(q, v128.load(LIMITS)), v128.load(LIMITS, 16)) : q;
}

/** Nearest bf16, ties to even. */
// @ts-ignore: decorator
@inline
function toBf16(value: f32): f32 {
  const bits = reinterpret<u32>(value);
  return reinterpret<f32>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
}

// @ts-ignore: decorator
@inline
function maxLane(x: v128): i32 {
  return max(
    max(i32x4.extract_lane(x, 0), i32x4.extract_lane(x, 1)),
    max(i32x4.extract_lane(x, 2), i32x4.extract_lane(x, 3)),
  );
}
