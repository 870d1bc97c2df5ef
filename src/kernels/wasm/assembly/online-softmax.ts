// Online softmax of one query row over pages of keys: the scores of a page, the running maximum and total, and the weighted
// sums of values. Used by the row-by-row attention over the cache, which works on many rows at once.
import { exp_ps, max_ps, sum_ps } from "./math";

// A row in a thread's scratch: scores of a page (sums of 64 · 32767 · 127 fit an int32), 16-bit weights, maximum, total and
// the query's scale, then the query (D · 4 bytes) and the running sums (D · 4 bytes), each padded to 64 bytes.
export const WEIGHTS: usize = 256;
const MOST: usize = 384;
const TOTAL: usize = 388;
export const SCALE: usize = 392;
export const QUERY: usize = 512;

// @ts-ignore: decorator
@inline
function paddedHead(D: i32): usize {
  return ((<usize>D << 2) + 63) & ~63;
}

/** Bytes of a row. */
// @ts-ignore: decorator
@inline
export function rowBytes(D: i32): usize {
  return QUERY + 2 * paddedHead(D);
}

/** Address of a row's running sums f32 [D]. */
// @ts-ignore: decorator
@inline
export function sumsOf(row: usize, D: i32): usize {
  return row + QUERY + paddedHead(D);
}

/** Starts a row. */
export function begin(row: usize, D: i32): void {
  store<f32>(row, -Infinity, MOST);
  store<f32>(row, 0, TOTAL);
  memory.fill(sumsOf(row, D), 0, paddedHead(D));
}

/** Turns a page's scores into e^(score − most), after rescaling the sums when the page raises the maximum. */
export function exponentials(row: usize, count: i32, D: i32): void {
  let most = load<f32>(row, MOST);
  let total = load<f32>(row, TOTAL);
  const end = row + ((<usize>count) << 2);
  const stop = (end + 15) & ~15;
  for (let at = end; at < stop; at += 4) store<f32>(at, -Infinity);
  let high = f32x4.splat(-Infinity);
  for (let at = row; at < stop; at += 16) high = f32x4.pmax(high, v128.load(at));
  const top = max_ps(high);
  if (top > most) {
    const factor = exp_ps(f32x4.splat(most - top));
    const sums = sumsOf(row, D);
    for (let at = sums; at < sums + ((<usize>D) << 2); at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
    total *= f32x4.extract_lane(factor, 0);
    most = top;
  }
  const shift = f32x4.splat(most);
  let sum = f32x4.splat(0);
  for (let at = row; at < stop; at += 16) {
    const weight = exp_ps(f32x4.sub(v128.load(at), shift));
    v128.store(at, weight);
    sum = f32x4.add(sum, weight);
  }
  store<f32>(row, most, MOST);
  store<f32>(row, total + sum_ps(sum), TOTAL);
}

/** out [D] = the weighted mean. */
export function finish(out: usize, row: usize, D: i32): void {
  const sums = sumsOf(row, D);
  const factor = <f32>1 / load<f32>(row, TOTAL);
  const end = (<usize>D) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) v128.store(out + at, f32x4.mul(v128.load(sums + at), f32x4.splat(factor)));
  for (; at < end; at += 4) store<f32>(out + at, load<f32>(sums + at) * factor);
}
