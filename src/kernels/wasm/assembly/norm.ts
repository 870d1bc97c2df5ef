// RMSNorm and LayerNorm of rows, forward; backward is in norm-backward.ts.
import { shareBegin, shareEnd } from "./control";
import { madd_ps, sum_ps } from "./math";

/** out [N,C] = x · 1/sqrt(mean(x²)+eps) · weight; rstd [N] (or 0) gets 1/sqrt(…). */
export function rmsNorm(out: usize, x: usize, weight: usize, N: i32, C: i32, eps: f32, rstd: usize): void {
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const at = (<usize>i * C) << 2;
    const scale = <f32>1 / sqrt(squares(x + at, 0, C) / <f32>C + eps);
    if (rstd != 0) store<f32>(rstd + ((<usize>i) << 2), scale);
    normalize(out + at, x + at, weight, 0, C, 0, scale);
  }
}

/** out [N,C] = (x − mean)/sqrt(var+eps) · weight + bias (0: none); stats [N,2] (or 0) gets (mean, 1/sqrt(…)). */
export function layerNorm(
  out: usize,
  x: usize,
  weight: usize,
  bias: usize,
  N: i32,
  C: i32,
  eps: f32,
  stats: usize,
): void {
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const at = (<usize>i * C) << 2;
    const mean = total(x + at, C) / <f32>C;
    const scale = <f32>1 / sqrt(squares(x + at, mean, C) / <f32>C + eps);
    if (stats != 0) {
      store<f32>(stats + ((<usize>i) << 3), mean);
      store<f32>(stats + ((<usize>i) << 3), scale, 4);
    }
    normalize(out + at, x + at, weight, bias, C, mean, scale);
  }
}

/** Norms in place `parts` stretches of `width` floats in each of N rows; `layer`: LayerNorm, else RMSNorm. */
export function normParts(
  x: usize,
  weight: usize,
  bias: usize,
  N: i32,
  parts: i32,
  width: i32,
  stride: i32,
  eps: f32,
  layer: i32,
): void {
  const end = shareEnd(N * parts, 1);
  for (let item = shareBegin(N * parts, 1); item < end; item++) {
    const i = item / parts;
    const offset = (<usize>(item - i * parts) * width) << 2;
    const part = x + ((<usize>i * stride) << 2) + offset;
    const mean = layer ? total(part, width) / <f32>width : 0;
    const scale = <f32>1 / sqrt(squares(part, mean, width) / <f32>width + eps);
    normalize(part, part, weight + offset, bias != 0 ? bias + offset : 0, width, mean, scale);
  }
}

/** Σ (x − mean)² over C floats; four running sums, so that additions do not wait for each other. */
function squares(x: usize, mean: f32, C: i32): f32 {
  const m = f32x4.splat(mean);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let j = 0;
  for (; j + 16 <= C; j += 16, x += 64) {
    const a = f32x4.sub(v128.load(x), m);
    const b = f32x4.sub(v128.load(x, 16), m);
    const c = f32x4.sub(v128.load(x, 32), m);
    const d = f32x4.sub(v128.load(x, 48), m);
    s0 = madd_ps(a, a, s0);
    s1 = madd_ps(b, b, s1);
    s2 = madd_ps(c, c, s2);
    s3 = madd_ps(d, d, s3);
  }
  let sum = sum_ps(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; j < C; j++, x += 4) {
    const a = load<f32>(x) - mean;
    sum += a * a;
  }
  return sum;
}

function total(x: usize, C: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let j = 0;
  for (; j + 8 <= C; j += 8, x += 32) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
  }
  let sum = sum_ps(f32x4.add(s0, s1));
  for (; j < C; j++, x += 4) sum += load<f32>(x);
  return sum;
}

/** out = (x − mean) · scale · weight + bias (0: none) over C floats. */
function normalize(out: usize, x: usize, weight: usize, bias: usize, C: i32, mean: f32, scale: f32): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(scale);
  const end = (<usize>C) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    const value = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + at), m), s), v128.load(weight + at));
    v128.store(out + at, bias != 0 ? f32x4.add(value, v128.load(bias + at)) : value);
  }
  for (; at < end; at += 4) {
    const value = (load<f32>(x + at) - mean) * scale * load<f32>(weight + at);
    store<f32>(out + at, bias != 0 ? value + load<f32>(bias + at) : value);
  }
}
