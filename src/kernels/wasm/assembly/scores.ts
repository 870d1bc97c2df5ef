// What some architectures do to attention scores before softmax: soft-caps, ALiBi, a sliding window.
import { tanh_ps } from "./math";

/** x = cap · tanh(x / cap), n floats. */
export function capScores(x: usize, n: i32, cap: f32): void {
  const inverse = f32x4.splat(1 / cap);
  const scale = f32x4.splat(cap);
  const end = x + ((<usize>n) << 2);
  for (; x + 16 <= end; x += 16) v128.store(x, f32x4.mul(tanh_ps(f32x4.mul(v128.load(x), inverse)), scale));
  for (; x < end; x += 4) {
    const value = tanh_ps(f32x4.mul(v128.load32_splat(x), inverse));
    store<f32>(x, f32x4.extract_lane(value, 0) * cap);
  }
}

/** x[j] += slope · (first + j), n floats: the penalty of ALiBi, `first` the distance of key 0 from the query, not above 0. */
export function addSlope(x: usize, n: i32, slope: f32, first: i32): void {
  for (let j = 0; j < n; j++, x += 4) store<f32>(x, load<f32>(x) + slope * <f32>(first + j));
}

/** x[0..n) = −∞: keys before a query's window. */
export function hide(x: usize, n: i32): void {
  for (let j = 0; j < n; j++, x += 4) store<f32>(x, -Infinity);
}
