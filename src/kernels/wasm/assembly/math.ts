// Elementary functions on four floats at a time: exp, sigmoid, tanh, erf, and a multiply-add that fuses where it can.
// Coefficients are loaded from memory, because V8 rebuilds literal vectors at every use.

// @ts-ignore: decorator
@lazy
const EXP: usize = memory.data<f32>([
  88.72, 88.72, 88.72, 88.72,
  -87, -87, -87, -87,
  1.44269504088896341, 1.44269504088896341, 1.44269504088896341, 1.44269504088896341,
  12582912, 12582912, 12582912, 12582912,
  -0.693359375, -0.693359375, -0.693359375, -0.693359375,
  2.12194440e-4, 2.12194440e-4, 2.12194440e-4, 2.12194440e-4,
  1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4, 1.9875691500e-4,
  1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3, 1.3981999507e-3,
  8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3, 8.3334519073e-3,
  4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2, 4.1665795894e-2,
  1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1, 1.6666665459e-1,
  5.0000001201e-1, 5.0000001201e-1, 5.0000001201e-1, 5.0000001201e-1,
  1, 1, 1, 1,
], 16);

// @ts-ignore: decorator
@lazy
const ERF: usize = memory.data<f32>([
  0.3275911, 0.3275911, 0.3275911, 0.3275911,
  1.061405429, 1.061405429, 1.061405429, 1.061405429,
  -1.453152027, -1.453152027, -1.453152027, -1.453152027,
  1.421413741, 1.421413741, 1.421413741, 1.421413741,
  -0.284496736, -0.284496736, -0.284496736, -0.284496736,
  0.254829592, 0.254829592, 0.254829592, 0.254829592,
], 16);

/** a · b + c; one rounding on machines that fuse (relaxed SIMD), two otherwise. */
// @ts-ignore: decorator
@inline
export function madd_ps(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function sum_ps(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Largest of the four lanes. */
// @ts-ignore: decorator
@inline
export function max_ps(x: v128): f32 {
  const pairs = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/**
 * e^x, relative error at most 1e-7. Saturates: below -87 (also at minus infinity) 1.6e-38, above 88.72 3.4e38. NaN
 * stays NaN. Cephes' polynomial on [-ln2/2, ln2/2]; the power of two is added to the exponent bits.
 */
// @ts-ignore: decorator
@inline
export function exp_ps(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, v128.load(EXP)), v128.load(EXP, 16));
  const magic = v128.load(EXP, 48);
  // Adding 1.5 · 2^23 rounds to the nearest integer n and leaves n in the low bits.
  const shifted = madd_ps(x, v128.load(EXP, 32), magic);
  const n = f32x4.sub(shifted, magic);
  const r = madd_ps(n, v128.load(EXP, 80), madd_ps(n, v128.load(EXP, 64), x));
  let p = madd_ps(v128.load(EXP, 96), r, v128.load(EXP, 112));
  p = madd_ps(p, r, v128.load(EXP, 128));
  p = madd_ps(p, r, v128.load(EXP, 144));
  p = madd_ps(p, r, v128.load(EXP, 160));
  p = madd_ps(p, r, v128.load(EXP, 176));
  p = f32x4.add(madd_ps(p, f32x4.mul(r, r), r), v128.load(EXP, 192));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

/**
 * e^x, but 0 below e^-60, which vanishes beside the 1 of a softmax. Products of smaller probabilities would be denormal
 * numbers, on which x86 arithmetic is a hundred times slower.
 */
// @ts-ignore: decorator
@inline
export function probability_ps(x: v128): v128 {
  return v128.andnot(exp_ps(x), f32x4.lt(x, f32x4.splat(-60)));
}

/** 1 / (1 + e^-x), absolute error at most 1e-7. */
// @ts-ignore: decorator
@inline
export function sigmoid_ps(x: v128): v128 {
  const one = v128.load(EXP, 192);
  return f32x4.div(one, f32x4.add(one, exp_ps(f32x4.neg(x))));
}

/** tanh x = 2 · sigmoid(2x) - 1, absolute error at most 2e-7 (so not for a relative error near 0). */
// @ts-ignore: decorator
@inline
export function tanh_ps(x: v128): v128 {
  const s = sigmoid_ps(f32x4.add(x, x));
  return f32x4.sub(f32x4.add(s, s), v128.load(EXP, 192));
}

/** erf x, absolute error at most 6e-7 (Abramowitz and Stegun 7.1.26). */
// @ts-ignore: decorator
@inline
export function erf_ps(x: v128): v128 {
  const one = v128.load(EXP, 192);
  const a = f32x4.abs(x);
  const t = f32x4.div(one, madd_ps(a, v128.load(ERF), one));
  let p = madd_ps(v128.load(ERF, 16), t, v128.load(ERF, 32));
  p = madd_ps(p, t, v128.load(ERF, 48));
  p = madd_ps(p, t, v128.load(ERF, 64));
  p = f32x4.mul(madd_ps(p, t, v128.load(ERF, 80)), t);
  const magnitude = f32x4.sub(one, f32x4.mul(p, exp_ps(f32x4.neg(f32x4.mul(a, a)))));
  return v128.bitselect(x, magnitude, i32x4.splat(i32.MIN_VALUE));
}

/** Nearest integers (ties to even) of |x| < 2^22: adding 1.5 · 2^23 leaves them in the low bits. */
// @ts-ignore: decorator
@inline
export function round_ps(x: v128): v128 {
  const magic = v128.load(EXP, 48);
  return i32x4.sub(f32x4.add(x, magic), magic);
}

/** Largest |x| of n floats; NaN if there is one: as integers, the bits of positive floats are ordered, NaN last. */
export function largest(x: usize, n: i32): f32 {
  const positive = i32x4.splat(0x7fffffff);
  let most = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16) most = i32x4.max_s(most, v128.and(v128.load(x), positive));
  let bits = max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
  for (; i < n; i++, x += 4) bits = max(bits, load<i32>(x) & 0x7fffffff);
  return reinterpret<f32>(bits);
}

/** x f32 [bytes / 4] *= scale; bytes a multiple of 16. */
// @ts-ignore: decorator
@inline
export function scaleBy(scale: v128, x: usize, bytes: usize): void {
  for (const end = x + bytes; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), scale));
}
