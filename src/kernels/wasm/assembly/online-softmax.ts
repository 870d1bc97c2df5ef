// Online softmax of one query row over pages of keys: the running maximum, total and weighted sums of values, in the
// thread's scratch. Used by the row-by-row attention over the cache.
import { scratch } from "./control";
import { exp_ps, max_ps, sum_ps } from "./math";

// Scratch of a thread: scores of a page (sums of 64 · 32767 · 127 fit an int32), 16-bit weights, then the query (D · 4 bytes) and the running sums (D · 4 bytes), padded.
export const WEIGHTS: usize = 256;
export const QUERY: usize = 512;

let most: f32 = 0;
let total: f32 = 0;

/** Address of the running sums f32 [D]. */
// @ts-ignore: decorator
@inline
export function sumsOf(D: i32): usize {
  return scratch() + QUERY + (((<usize>D << 2) + 63) & ~63);
}

/** Starts a row. */
export function begin(D: i32): void {
  most = -Infinity;
  total = 0;
  memory.fill(sumsOf(D), 0, ((<usize>D << 2) + 63) & ~63);
}

/** Turns a block's scores into e^(score − most), after rescaling the sums when the block raises the maximum. */
export function exponentials(scores: usize, count: i32, D: i32): void {
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

/** out [D] = the weighted mean. */
export function finish(out: usize, D: i32): void {
  const sums = sumsOf(D);
  const factor = <f32>1 / total;
  const end = (<usize>D) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) v128.store(out + at, f32x4.mul(v128.load(sums + at), f32x4.splat(factor)));
  for (; at < end; at += 4) store<f32>(out + at, load<f32>(sums + at) * factor);
}
