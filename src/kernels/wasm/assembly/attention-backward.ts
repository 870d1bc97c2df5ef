// Gradients of causal attention within segments (attention.ts). Probabilities are recomputed from the log-sum-exps for
// up to 48 query rows × 256 keys at a time. With P the probabilities, scale 1/√D and delta = Σ dOut · out of a row:
// dV = Pᵀ dOut, dS = P ∘ (dOut Vᵀ − delta) · scale, dQ = dS K, dK = dSᵀ Q (FlashAttention-2, algorithm 2).
import { blockKeys, element, owns, padded, segmentBegin, segmentCost, totalCost } from "./attention";
import { scratch } from "./control";
import { madd_ps, probability_ps, sum_ps } from "./math";
import { packColumns8, packRows6, packRows8 } from "./pack";
import { MR, NR, tiles, tilesWithin } from "./tile";

/** Query rows of a block: eight tiles, so that dK and dV are loaded and stored once per 48 products. */
const ROWS: i32 = 48;

// Shape of the running call and the parts of scratch (every thread has its own instance of this module).
let H: i32 = 0;
let D: i32 = 0;
let stride: i32 = 0;
/** Floats between rows of P and dS; not a power of two, so that a column does not fall into one cache set. */
let scoreStride: i32 = 0;
let edge: usize = 0;
let keyPanels: usize = 0;
let keyColumns: usize = 0;
let valuePanels: usize = 0;
let queryPanels: usize = 0;
let queryColumns: usize = 0;
let gradientPanels: usize = 0;
let gradientColumns: usize = 0;
let weightPanel: usize = 0;
let P: usize = 0;
let dS: usize = 0;

function prepare(heads: i32, headSize: i32, rowStride: i32): void {
  H = heads;
  D = headSize;
  stride = rowStride;
  const keys = blockKeys(D);
  const keyBytes = <usize>(4 * keys * padded(D));
  const rowBytes = <usize>(4 * ROWS * padded(D));
  edge = scratch();
  keyPanels = edge + 256;
  keyColumns = keyPanels + keyBytes;
  valuePanels = keyColumns + keyBytes;
  queryPanels = valuePanels + keyBytes;
  queryColumns = queryPanels + rowBytes;
  gradientPanels = queryColumns + rowBytes;
  gradientColumns = gradientPanels + rowBytes;
  weightPanel = gradientColumns + rowBytes;
  P = weightPanel + <usize>(4 * MR * (keys + NR));
  dS = P + <usize>(4 * ROWS * (keys + 2 * NR));
}

/** dq, dk, dv; see the interface in ../../backend.ts. */
export function attentionBackward(
  dq: usize,
  dk: usize,
  dv: usize,
  dOut: usize,
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
      keyHead(dq, dk, dv, dOut, out, lse, q, k, v, begin, length, g, K);
    }
    before += cost;
  }
}

/** Key head g of one segment, with the query heads that share it. */
function keyHead(
  dq: usize,
  dk: usize,
  dv: usize,
  dOut: usize,
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  begin: i32,
  length: i32,
  g: i32,
  K: i32,
): void {
  const most = blockKeys(D);
  for (let block = 0; block < length; block += most) {
    const keys = min(most, length - block);
    const at = element(0, begin + block, stride, g * D);
    packKeys(k + at, v + at, keys);
    clear(dk + at, keys);
    clear(dv + at, keys);
    for (let h = (g * H) / K; h < ((g + 1) * H) / K; h++) {
      for (let row = block; row < length; row += ROWS) {
        const count = min(ROWS, length - row);
        const query = element(0, begin + row, stride, h * D);
        const head = element(0, begin + row, H * D, h * D);
        packQueries(q + query, dOut + head, count);
        probabilities(dOut + head, out + head, element(lse, begin + row, H, h), count, row - block, keys);
        queryGradient(dq + query, count, row - block, keys, block > 0);
        keyGradient(dv + at, P, gradientColumns, count, row - block, keys);
        keyGradient(dk + at, dS, queryColumns, count, row - block, keys);
      }
    }
  }
}

function packKeys(k: usize, v: usize, keys: i32): void {
  const step = <usize>stride << 2;
  for (let j = 0; j < keys; j += NR) {
    packRows8(element(keyPanels, j, D, 0), element(k, j, stride, 0), step, keys - j, D);
    packRows8(element(valuePanels, j, D, 0), element(v, j, stride, 0), step, keys - j, D);
  }
  for (let d = 0; d < D; d += NR) {
    packColumns8(element(keyColumns, d, keys, 0), k + (<usize>d << 2), step, D - d, keys);
  }
}

function packQueries(q: usize, dOut: usize, count: i32): void {
  const step = <usize>stride << 2;
  const outStep = <usize>(H * D) << 2;
  for (let i = 0; i < count; i += MR) {
    packRows6(element(queryPanels, i, D, 0), q + <usize>i * step, step, count - i, D);
    packRows6(element(gradientPanels, i, D, 0), dOut + <usize>i * outStep, outStep, count - i, D);
  }
  for (let d = 0; d < D; d += NR) {
    packColumns8(element(queryColumns, d, count, 0), q + (<usize>d << 2), step, D - d, count);
    packColumns8(element(gradientColumns, d, count, 0), dOut + (<usize>d << 2), outStep, D - d, count);
  }
}

function clear(x: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) memory.fill(element(x, i, stride, 0), 0, <usize>D << 2);
}

/** P and dS of `count` query rows; row i sees the keys up to and including `diagonal` + i. */
function probabilities(dOut: usize, out: usize, lse: usize, count: i32, diagonal: i32, keys: i32): void {
  scoreStride = padded(min(keys, diagonal + count)) + NR;
  const step = <usize>scoreStride << 2;
  for (let i = 0; i < count; i += MR) {
    const most = min(keys, diagonal + min(count, i + MR));
    const query = element(queryPanels, i, D, 0);
    const gradient = element(gradientPanels, i, D, 0);
    const panelBytes = <usize>D << 5;
    tiles(element(P, i, scoreStride, 0), step, query, 24, keyPanels, panelBytes, most, D);
    tiles(element(dS, i, scoreStride, 0), step, gradient, 24, valuePanels, panelBytes, most, D);
    for (let r = i; r < min(count, i + MR); r++) {
      const head = element(0, r, H * D, 0);
      const at = element(0, r, scoreStride, 0);
      const delta = dot(dOut + head, out + head);
      probabilityRow(P + at, dS + at, min(keys, diagonal + r + 1), load<f32>(element(lse, r, H, 0)), delta);
    }
  }
}

/** One row: p from scores to probabilities, ds from dOut · Vᵀ to the gradient of q · k; each followed by 8 zeros. */
function probabilityRow(p: usize, ds: usize, n: i32, lse: f32, delta: f32): void {
  const scale: f32 = 1 / sqrt<f32>(<f32>D);
  const factor = f32x4.splat(scale);
  const shift = f32x4.splat(-lse);
  const deltas = f32x4.splat(delta);
  const bytes = <usize>n << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const e = probability_ps(madd_ps(v128.load(p + at), factor, shift));
    v128.store(p + at, e);
    v128.store(ds + at, f32x4.mul(f32x4.mul(e, factor), f32x4.sub(v128.load(ds + at), deltas)));
  }
  const zero = f32x4.splat(0);
  v128.store(p + bytes, zero);
  v128.store(p + bytes, zero, 16);
  v128.store(ds + bytes, zero);
  v128.store(ds + bytes, zero, 16);
}

function dot(a: usize, b: usize): f32 {
  const end = a + (<usize>D << 2);
  let sums = f32x4.splat(0);
  for (; a + 16 <= end; a += 16) {
    sums = madd_ps(v128.load(a), v128.load(b), sums);
    b += 16;
  }
  let sum = sum_ps(sums);
  for (; a < end; a += 4) {
    sum += load<f32>(a) * load<f32>(b);
    b += 4;
  }
  return sum;
}

/** dq [count, D] = (accumulate ? dq : 0) + dS K */
function queryGradient(dq: usize, count: i32, diagonal: i32, keys: i32, accumulate: bool): void {
  for (let i = 0; i < count; i += MR) {
    const height = min(MR, count - i);
    const most = min(keys, diagonal + i + height);
    packRows6(weightPanel, element(dS, i, scoreStride, 0), <usize>scoreStride << 2, height, most);
    product(element(dq, i, stride, 0), height, weightPanel, 24, keyColumns, <usize>keys << 5, most, accumulate);
  }
}

/** out [keys, D] += weightsᵀ x with weights [count, keys] (P or dS) and x in packed columns (dOut or q). */
function keyGradient(out: usize, weights: usize, x: usize, count: i32, diagonal: i32, keys: i32): void {
  const most = min(keys, diagonal + count);
  for (let j = 0; j < most; j += MR) {
    // Rows before `first` do not see key j, nor those after it.
    const first = max(0, j - diagonal);
    const height = min(MR, most - j);
    const from = element(weights, first, scoreStride, j);
    const columns = x + (<usize>first << 5);
    const step = <usize>scoreStride << 2;
    product(element(out, j, stride, 0), height, from, step, columns, <usize>count << 5, count - first, true);
  }
}

/** `height` rows of a [·, D] gradient. */
function product(
  c: usize,
  height: i32,
  a: usize,
  aStep: usize,
  b: usize,
  panelBytes: usize,
  k: i32,
  accumulate: bool,
): void {
  tilesWithin(c, <usize>stride << 2, a, aStep, b, panelBytes, height, D, k, i32(accumulate), edge);
}
