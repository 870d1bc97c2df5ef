// The KV cache: append of new tokens; argmax. Its layout is in kv-pages.ts, attention over it in attention-cached.ts.
import { scratch, shareBegin, shareEnd, thread } from "./control";
import { pageOf } from "./kv-pages";
import { largest, max_ps, round_ps } from "./math";
import { KV_PAGE } from "./op";

export { attentionCached } from "./attention-cached";

/** Stores k and v [N, K·D] (rows `stride` floats apart) as tokens position..position+N. */
export function kvAppend(
  pages: usize,
  keys: i32,
  values: i32,
  int8: i32,
  k: usize,
  v: usize,
  N: i32,
  position: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  // Token by token within a head, whose codes share cache lines.
  const end = shareEnd(2 * N * K, 1);
  for (let item = shareBegin(2 * N * K, 1); item < end; item++) {
    const side = item / N;
    const i = item - side * N;
    const isKey = side < K;
    const head = isKey ? side : side - K;
    const from = (isKey ? k : v) + ((<usize>i * stride + <usize>head * D) << 2);
    const page = pageOf(pages, isKey ? keys : values, position + i);
    const token = (position + i) % KV_PAGE;
    const codes = page + <usize>(head * KV_PAGE * D);
    if (!int8) {
      memory.copy(page + (<usize>((head * KV_PAGE + token) * D) << 2), from, <usize>D << 2);
      continue;
    }
    const scale = isKey
      ? quantize(codes + (token << 1), KV_PAGE << 1, 1, from, D)
      : quantize(codes + (token & ~1) * D + (token & 1), 4, 2, from, D);
    store<f32>(page + <usize>((K * D + (head << 2)) * KV_PAGE + (token << 2)), scale);
  }
}

/**
 * Int8 codes of D floats, rounded as quantizeRows does; returns their scale. Pairs of codes are `step` bytes apart, the two
 * of a pair `gap`.
 */
function quantize(out: usize, step: usize, gap: usize, x: usize, D: i32): f32 {
  const limit = largest(x, D);
  const zero = limit < 1e-30;
  const factor = f32x4.splat(zero ? 0 : 127 / limit);
  let d = 0;
  for (; d + 4 <= D; d += 4, x += 16) {
    const four = codes(v128.load(x), factor);
    store<i8>(out, <i8>four);
    store<i8>(out + gap, <i8>(four >> 8));
    out += step;
    store<i8>(out, <i8>(four >> 16));
    store<i8>(out + gap, <i8>(four >> 24));
    out += step;
  }
  // D is even: two are left, or none.
  if (d < D) {
    const two = codes(v128.load64_zero(x), factor);
    store<i8>(out, <i8>two);
    store<i8>(out + gap, <i8>(two >> 8));
  }
  return zero ? 0 : limit / 127;
}

/** Four int8 codes. */
// @ts-ignore: decorator
@inline
function codes(x: v128, factor: v128): i32 {
  const wide = round_ps(f32x4.mul(x, factor));
  const half = i16x8.narrow_i32x4_s(wide, wide);
  return i32x4.extract_lane(i8x16.narrow_i16x8_s(half, half), 0);
}

/** out i32 = index of the first largest of n floats. One thread: 50,000 logits take 5 µs. */
export function argmax(out: usize, x: usize, n: i32): void {
  if (thread() != 0) return;
  const most = f32x4.splat(maximum(x, n));
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    if (v128.any_true(f32x4.eq(v128.load(x + ((<usize>i) << 2)), most))) break;
  }
  while (i < n && load<f32>(x + ((<usize>i) << 2)) != f32x4.extract_lane(most, 0)) i++;
  store<i32>(out, i < n ? i : 0);
}

/** Largest of n floats, NaN ignored; four running maxima, so that comparisons do not wait for each other. */
export function maximum(x: usize, n: i32): f32 {
  let m0 = f32x4.splat(-Infinity);
  let m1 = m0;
  let m2 = m0;
  let m3 = m0;
  let i = 0;
  for (; i + 16 <= n; i += 16, x += 64) {
    m0 = f32x4.pmax(m0, v128.load(x));
    m1 = f32x4.pmax(m1, v128.load(x, 16));
    m2 = f32x4.pmax(m2, v128.load(x, 32));
    m3 = f32x4.pmax(m3, v128.load(x, 48));
  }
  let most = max_ps(f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3)));
  for (; i < n; i++, x += 4) if (load<f32>(x) > most) most = load<f32>(x);
  return most;
}
