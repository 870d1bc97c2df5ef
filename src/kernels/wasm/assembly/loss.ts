// Dropout, log-sum-exp and cross-entropy in chunks of the vocabulary.
import { shareBegin, shareEnd } from "./control";
import { exp_ps, max_ps, probability_ps, sum_ps } from "./math";

/** lowbias32: every bit of the result depends on every bit of x. */
// @ts-ignore: decorator
@inline
function mix(x: u32): u32 {
  x = (x ^ (x >> 16)) * 0x7feb352d;
  x = (x ^ (x >> 15)) * 0x846ca68b;
  return x ^ (x >> 16);
}

// @ts-ignore: decorator
@inline
function mix4(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(<i32>0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** out [0..n) = x where kept, scaled by 1/(1−p); the mask is a hash of seed and index. */
export function dropout(out: usize, x: usize, n: i32, p: f32, seed: i32): void {
  const end = shareEnd(n, 4);
  let i = shareBegin(n, 4);
  const key = mix(<u32>seed);
  const least = <i32>(p * 16777216);
  const scale: f32 = 1 / (1 - p);
  const four = i32x4.splat(4);
  let index = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    const draw = i32x4.shr_u(mix4(v128.xor(index, i32x4.splat(<i32>key))), 8);
    const kept = i32x4.ge_s(draw, i32x4.splat(least));
    v128.store(out + at, v128.and(f32x4.mul(v128.load(x + at), f32x4.splat(scale)), kept));
    index = i32x4.add(index, four);
  }
  for (; i < end; i++) {
    const at = <usize>i << 2;
    const kept = <i32>(mix(<u32>i ^ key) >> 8) >= least;
    store<f32>(out + at, kept ? load<f32>(x + at) * scale : 0);
  }
}

/** Folds a chunk of logits [N, width] into stats [N,2] = (max, Σ exp(x − max)); threads share rows. */
export function logSumExp(stats: usize, logits: usize, N: i32, width: i32, first: i32): void {
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = logits + ((<usize>i * width) << 2);
    const at = stats + (<usize>i << 3);
    const before: f32 = first ? -f32.MAX_VALUE : load<f32>(at);
    const top = max<f32>(before, rowMax(row, width));
    const carried: f32 = first ? 0 : load<f32>(at, 4) * expOne(before - top);
    store<f32>(at, top);
    store<f32>(at, carried + rowExpSum(row, width, top), 4);
  }
}

// @ts-ignore: decorator
@inline
function expOne(x: f32): f32 {
  return f32x4.extract_lane(exp_ps(f32x4.splat(x)), 0);
}

function rowMax(x: usize, n: i32): f32 {
  let best = f32x4.splat(-f32.MAX_VALUE);
  let other = best;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    best = f32x4.pmax(best, v128.load(x));
    other = f32x4.pmax(other, v128.load(x, 16));
    x += 32;
  }
  let top = max_ps(f32x4.pmax(best, other));
  for (; i < n; i++) {
    top = max<f32>(top, load<f32>(x));
    x += 4;
  }
  return top;
}

function rowExpSum(x: usize, n: i32, top: f32): f32 {
  const shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    sum = f32x4.add(sum, exp_ps(f32x4.sub(v128.load(x), shift)));
    x += 16;
  }
  let total = sum_ps(sum);
  for (; i < n; i++) {
    total += expOne(load<f32>(x) - top);
    x += 4;
  }
  return total;
}

/**
 * Replaces logits [N, width] (entries offset.. of V) by weight · (softmax − target) and adds their part of weight ·
 * cross-entropy to loss. A row of weight 0 needs no valid target.
 */
export function crossEntropy(
  loss: usize,
  logits: usize,
  stats: usize,
  targets: usize,
  weights: usize,
  N: i32,
  width: i32,
  offset: i32,
  V: i32,
  smoothing: f32,
): void {
  const end = shareEnd(N, 1);
  const spread = smoothing / <f32>V;
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = logits + ((<usize>i * width) << 2);
    const weight = load<f32>(weights + (<usize>i << 2));
    if (weight == 0) {
      memory.fill(row, 0, <usize>width << 2);
      continue;
    }
    const top = load<f32>(stats + (<usize>i << 3));
    const sum = load<f32>(stats + (<usize>i << 3), 4);
    const lse = top + Mathf.log(sum);
    const target = load<i32>(targets + (<usize>i << 2)) - offset;
    const here = target >= 0 && target < width;
    const at = row + (<usize>target << 2);
    let share: f32 = here ? (1 - smoothing) * (lse - load<f32>(at)) : 0;
    if (smoothing > 0) share += spread * (<f32>width * lse - rowSum(row, width));
    rowGradient(row, width, top, weight / sum, weight * spread);
    if (here) store<f32>(at, load<f32>(at) - weight * (1 - smoothing));
    const total = loss + (<usize>i << 2);
    store<f32>(total, load<f32>(total) + weight * share);
  }
}

function rowSum(x: usize, n: i32): f32 {
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    sum = f32x4.add(sum, v128.load(x));
    x += 16;
  }
  let total = sum_ps(sum);
  for (; i < n; i++) {
    total += load<f32>(x);
    x += 4;
  }
  return total;
}

/** x = scale · exp(x − top) − less */
function rowGradient(x: usize, n: i32, top: f32, scale: f32, less: f32): void {
  const shift = f32x4.splat(top);
  const factor = f32x4.splat(scale);
  const minus = f32x4.splat(less);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const e = probability_ps(f32x4.sub(v128.load(x), shift));
    v128.store(x, f32x4.sub(f32x4.mul(e, factor), minus));
    x += 16;
  }
  for (; i < n; i++) {
    const e = f32x4.extract_lane(probability_ps(f32x4.splat(load<f32>(x) - top)), 0);
    store<f32>(x, e * scale - less);
    x += 4;
  }
}
