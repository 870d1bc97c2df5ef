// The steps of attention-cached.ts for an f32 cache.
import { madd_ps } from "./math";
import { QUERY, sumsOf } from "./online-softmax";

/** Puts a query head into its row, divided by sqrt(D). */
export function scaleQuery(row: usize, q: usize, D: i32): void {
  const scale = <f32>1 / sqrt<f32>(<f32>D);
  for (let d: usize = 0; d < <usize>D << 2; d += 4) store<f32>(row + d, load<f32>(q + d) * scale, QUERY);
}

/** The row's scores f32 [count, padded to 4] = products of the query and each key. */
export function scoresF32(scores: usize, keys: usize, count: i32, D: i32): void {
  const query = scores + QUERY;
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

/** The row's sums += Σ weight · value, over a page. */
export function weighF32(weights: usize, values: usize, count: i32, D: i32): void {
  const row = (<usize>D) << 2;
  const end = weights + ((<usize>count) << 2);
  const sums = sumsOf(weights, D);
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

/** Sums of the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function laneSumsF32(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<i64>(ab, cd, 0, 2), v128.shuffle<i64>(ab, cd, 1, 3));
}
