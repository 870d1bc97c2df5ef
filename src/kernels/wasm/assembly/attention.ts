// Causal attention within segments (training), forward; the gradients are in attention-backward.ts. Keys are taken in
// blocks of up to 256, so no buffer grows with the square of a segment: each block is a small attention of its own and
// is merged into out through the log-sum-exps. All products run on the tiles of the GEMM.
import { scratch, thread, threads } from "./control";
import { exp_ps, madd_ps, max_ps, probability_ps, sum_ps } from "./math";
import { packColumns8, packRows6, packRows8 } from "./pack";
import { MR, NR, tiles } from "./tile";

/** Keys of a block for head size D: 256 up to a head size of 128, fewer beyond, so that scratch does not overflow. */
export function blockKeys(D: i32): i32 {
  return D <= 128 ? 256 : max(NR, (32768 / D) & ~(NR - 1));
}

/** n rounded up to whole tiles. */
// @ts-ignore: decorator
@inline
export function padded(n: i32): i32 {
  return (n + NR - 1) & ~(NR - 1);
}

/** Address of element [i, j] of an f32 matrix with `stride` columns. */
// @ts-ignore: decorator
@inline
export function element(x: usize, i: i32, stride: i32, j: i32): usize {
  return x + ((<usize>i * stride + j) << 2);
}

/** First row of segment s. */
// @ts-ignore: decorator
@inline
export function segmentBegin(cu: usize, s: i32): i32 {
  return load<i32>(cu + (<usize>s << 2));
}

/** Relative cost of a segment: the products grow with its square, packing and softmax with its length. */
export function segmentCost(length: i32): f64 {
  return <f64>length * (<f64>length + 64);
}

/** Cost of all segments. */
export function totalCost(cu: usize, segments: i32): f64 {
  let total: f64 = 0;
  for (let s = 0; s < segments; s++) total += segmentCost(segmentBegin(cu, s + 1) - segmentBegin(cu, s));
  return total;
}

/**
 * Whether this thread computes the (segment, key head) pair that lies `at` of the way through the total cost. A pair is
 * one thread's alone, so results do not depend on the number of threads.
 */
// @ts-ignore: decorator
@inline
export function owns(at: f64, total: f64): bool {
  return min(threads() - 1, <i32>((at / total) * <f64>threads())) == thread();
}

/** Scores of a row beyond the visible keys: low enough for the exponential to vanish beside e^0 = 1. */
const MASKED: f32 = -1e30;

// Shape of the running call and the parts of scratch (every thread has its own instance of this module).
let H: i32 = 0;
let D: i32 = 0;
let stride: i32 = 0;
let scoreStride: i32 = 0;
let queryPanel: usize = 0;
let scores: usize = 0;
let weightPanel: usize = 0;
let partial: usize = 0;
let rowStats: usize = 0;
let keyPanels: usize = 0;
let valuePanels: usize = 0;

function prepare(heads: i32, headSize: i32, rowStride: i32): void {
  H = heads;
  D = headSize;
  stride = rowStride;
  const keys = blockKeys(D);
  scoreStride = keys + NR;
  queryPanel = scratch();
  scores = queryPanel + <usize>(4 * MR * padded(D));
  weightPanel = scores + <usize>(4 * MR * scoreStride);
  partial = weightPanel + <usize>(4 * MR * scoreStride);
  rowStats = partial + <usize>(4 * MR * padded(D));
  keyPanels = rowStats + 64;
  valuePanels = keyPanels + <usize>(4 * keys * D);
}

/** out [N,H·D] and lse [N,H]; see the interface in ../../backend.ts. */
export function attention(
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  cu: usize,
  segments: i32,
  N: i32,
  heads: i32,
  K: i32,
  headSize: i32,
  rowStride: i32,
): void {
  prepare(heads, headSize, rowStride);
  const total = totalCost(cu, segments);
  let before: f64 = 0;
  for (let s = 0; s < segments; s++) {
    const begin = segmentBegin(cu, s);
    const length = segmentBegin(cu, s + 1) - begin;
    const cost = segmentCost(length);
    for (let g = 0; g < K; g++) {
      if (!owns(before + (cost * (<f64>g + 0.5)) / <f64>K, total)) continue;
      const first = element(k, begin, stride, g * D);
      keyHead(out, lse, q, first, first + (v - k), begin, length, (g * H) / K, ((g + 1) * H) / K);
    }
    before += cost;
  }
}

/** One segment and key head: keys and values at k and v, rows begin.., query heads from..to. */
function keyHead(
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  begin: i32,
  length: i32,
  from: i32,
  to: i32,
): void {
  const most = blockKeys(D);
  for (let block = 0; block < length; block += most) {
    const keys = min(most, length - block);
    packKeys(element(k, block, stride, 0), element(v, block, stride, 0), keys);
    for (let h = from; h < to; h++) {
      for (let row = block; row < length; row += MR) {
        const count = min(MR, length - row);
        const at = begin + row;
        const visible = row - block + 1;
        attend(element(q, at, stride, h * D), count, visible, keys);
        for (let i = 0; i < count; i++) {
          finish(element(out, at + i, H * D, h * D), element(lse, at + i, H, h), i, block > 0);
        }
      }
    }
  }
}

function packKeys(k: usize, v: usize, keys: i32): void {
  const step = <usize>stride << 2;
  for (let j = 0; j < keys; j += NR) {
    packRows8(element(keyPanels, j, D, 0), element(k, j, stride, 0), step, keys - j, D);
  }
  for (let d = 0; d < D; d += NR) {
    packColumns8(element(valuePanels, d, keys, 0), v + (<usize>d << 2), step, D - d, keys);
  }
}

/**
 * Attention of up to 6 query rows over the packed block: the first row sees `visible` of its keys, each further row one
 * more. Leaves unnormalised outputs in `partial` and each row's (log-sum-exp, 1 / sum) in `rowStats`.
 */
function attend(q: usize, count: i32, visible: i32, keys: i32): void {
  const scale: f32 = 1 / sqrt<f32>(<f32>D);
  const most = min(keys, visible + count - 1);
  packRows6(queryPanel, q, <usize>stride << 2, count, D);
  const scoreStep = <usize>scoreStride << 2;
  tiles(scores, scoreStep, queryPanel, 24, keyPanels, <usize>D << 5, most, D);
  for (let i = 0; i < count; i++) softmax(element(scores, i, scoreStride, 0), min(keys, visible + i), scale, i);
  packRows6(weightPanel, scores, scoreStep, count, most);
  tiles(partial, <usize>padded(D) << 2, weightPanel, 24, valuePanels, <usize>keys << 5, D, most);
}

/** Turns n scores into e^(scale · (score − max)), followed by 8 zeros, and sets row i's statistics. */
function softmax(x: usize, n: i32, scale: f32, i: i32): void {
  const end = x + (<usize>n << 2);
  v128.store(end, f32x4.splat(MASKED));
  let tops = v128.load(x);
  for (let at = x + 16; at < end; at += 16) tops = f32x4.pmax(tops, v128.load(at));
  const top = max_ps(tops);
  const shift = f32x4.splat(-top * scale);
  const factor = f32x4.splat(scale);
  let sums = f32x4.splat(0);
  for (let at = x; at < end; at += 16) {
    const e = probability_ps(madd_ps(v128.load(at), factor, shift));
    v128.store(at, e);
    sums = f32x4.add(sums, e);
  }
  v128.store(end, f32x4.splat(0));
  v128.store(end, f32x4.splat(0), 16);
  const sum = sum_ps(sums);
  const stats = rowStats + (<usize>i << 3);
  store<f32>(stats, top * scale + Mathf.log(sum));
  store<f32>(stats, 1 / sum, 4);
}

/** Writes row i of the partial result to out and lse, or merges it with what earlier blocks left there. */
function finish(out: usize, lse: usize, i: i32, merge: bool): void {
  const stats = rowStats + (<usize>i << 3);
  let from = element(partial, i, padded(D), 0);
  let logSum = load<f32>(stats);
  let take = load<f32>(stats, 4);
  let keep: f32 = 0;
  if (merge) {
    const earlier = load<f32>(lse);
    const top = max<f32>(earlier, logSum);
    const both = top + Mathf.log(exponential(earlier - top) + exponential(logSum - top));
    keep = exponential(earlier - both);
    take *= exponential(logSum - both);
    logSum = both;
  }
  store<f32>(lse, logSum);
  const end = out + (<usize>D << 2);
  const takes = f32x4.splat(take);
  for (; out + 16 <= end; out += 16) {
    const value = f32x4.mul(v128.load(from), takes);
    v128.store(out, merge ? madd_ps(v128.load(out), f32x4.splat(keep), value) : value);
    from += 16;
  }
  for (; out < end; out += 4) {
    const value = load<f32>(from) * take;
    store<f32>(out, merge ? load<f32>(out) * keep + value : value);
    from += 4;
  }
}

// @ts-ignore: decorator
@inline
function exponential(x: f32): f32 {
  return f32x4.extract_lane(exp_ps(f32x4.splat(x)), 0);
}
