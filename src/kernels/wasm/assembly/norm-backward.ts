// Gradients of RMSNorm and LayerNorm (norm.ts). Threads share rows; each sums its part of the weights' gradients in its
// scratch, and the parts are added in thread order: the last bits depend on the number of threads, never on timing.
import { barrier, scratch, shareBegin, shareEnd, threads, threadScratch } from "./control";
import { madd_ps, sum_ps } from "./math";

/** dx +=, dWeight += gradients of rmsNorm. */
export function rmsNormBackward(
  dx: usize,
  dWeight: usize,
  dOut: usize,
  x: usize,
  weight: usize,
  rstd: usize,
  N: i32,
  C: i32,
): void {
  const part = scratch();
  memory.fill(part, 0, <usize>C << 2);
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = (<usize>i * C) << 2;
    rowBackward(dx + row, part, dOut + row, x + row, weight, 0, load<f32>(rstd + (<usize>i << 2)), C, false);
  }
  barrier();
  addParts(dWeight, 0, C);
}

/** dx +=, dWeight +=, dBias += (0: none) gradients of layerNorm. */
export function layerNormBackward(
  dx: usize,
  dWeight: usize,
  dBias: usize,
  dOut: usize,
  x: usize,
  weight: usize,
  stats: usize,
  N: i32,
  C: i32,
): void {
  const part = scratch();
  const biasPart = <usize>C << 2;
  memory.fill(part, 0, biasPart << 1);
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = (<usize>i * C) << 2;
    const mean = load<f32>(stats + (<usize>i << 3));
    rowBackward(dx + row, part, dOut + row, x + row, weight, mean, load<f32>(stats + (<usize>i << 3), 4), C, true);
    if (dBias) addRow(part + biasPart, dOut + row, 0, C);
  }
  barrier();
  addParts(dWeight, 0, C);
  if (dBias) addParts(dBias, biasPart, C);
}

/**
 * One row: with x̂ = (x − mean) · r and g = dOut · weight, dx += r · (g − mean(g) − x̂ · mean(g · x̂)), the first mean
 * only if centred; dWeight += dOut · x̂.
 */
function rowBackward(
  dx: usize,
  dWeight: usize,
  dOut: usize,
  x: usize,
  weight: usize,
  mean: f32,
  r: f32,
  C: i32,
  centred: bool,
): void {
  const means = f32x4.splat(mean);
  let dots = f32x4.splat(0);
  let sums = f32x4.splat(0);
  const bytes = <usize>C << 2;
  const whole = bytes & ~15;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const g = f32x4.mul(v128.load(dOut + at), v128.load(weight + at));
    dots = madd_ps(g, f32x4.sub(v128.load(x + at), means), dots);
    sums = f32x4.add(sums, g);
  }
  let dot = sum_ps(dots);
  let sum = sum_ps(sums);
  for (; at < bytes; at += 4) {
    const g = load<f32>(dOut + at) * load<f32>(weight + at);
    dot += g * (load<f32>(x + at) - mean);
    sum += g;
  }
  const bend = (dot * r * r) / <f32>C;
  const shift: f32 = centred ? (sum * r) / <f32>C : 0;
  const rs = f32x4.splat(r);
  const bends = f32x4.splat(-bend);
  const shifts = f32x4.splat(shift);
  for (at = 0; at < whole; at += 16) {
    const d = v128.load(dOut + at);
    const normal = f32x4.mul(f32x4.sub(v128.load(x + at), means), rs);
    const before = f32x4.sub(v128.load(dx + at), shifts);
    v128.store(dx + at, madd_ps(normal, bends, madd_ps(f32x4.mul(d, v128.load(weight + at)), rs, before)));
    v128.store(dWeight + at, madd_ps(d, normal, v128.load(dWeight + at)));
  }
  for (; at < bytes; at += 4) {
    const d = load<f32>(dOut + at);
    const normal = (load<f32>(x + at) - mean) * r;
    store<f32>(dx + at, load<f32>(dx + at) - shift + d * load<f32>(weight + at) * r - normal * bend);
    store<f32>(dWeight + at, load<f32>(dWeight + at) + d * normal);
  }
}

/** out += the threads' parts at `offset` of their scratch, in thread order; threads share columns. */
function addParts(out: usize, offset: usize, C: i32): void {
  const begin = shareBegin(C, 4);
  const end = shareEnd(C, 4);
  for (let t = 0; t < threads(); t++) addRow(out, threadScratch(t) + offset, begin, end);
}

/** out[begin..end) += x */
function addRow(out: usize, x: usize, begin: i32, end: i32): void {
  let at = <usize>begin << 2;
  const bytes = <usize>end << 2;
  for (; at + 16 <= bytes; at += 16) v128.store(out + at, f32x4.add(v128.load(out + at), v128.load(x + at)));
  for (; at < bytes; at += 4) store<f32>(out + at, load<f32>(out + at) + load<f32>(x + at));
}
