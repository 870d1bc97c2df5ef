// Elementwise operations and row gathers.
import { shareBegin, shareEnd } from "./control";
import { capScores } from "./scores";

/** x[0..n) = value */
export function fill(x: usize, value: f32, n: i32): void {
  const end = shareEnd(n, 4);
  let i = shareBegin(n, 4);
  const v = f32x4.splat(value);
  for (; i + 4 <= end; i += 4) v128.store(x + ((<usize>i) << 2), v);
  for (; i < end; i++) store<f32>(x + ((<usize>i) << 2), value);
}

/** out[0..n) = x */
export function copy(out: usize, x: usize, n: i32): void {
  const begin = shareBegin(n, 4);
  const end = shareEnd(n, 4);
  if (end > begin) memory.copy(out + ((<usize>begin) << 2), x + ((<usize>begin) << 2), (<usize>(end - begin)) << 2);
}

/** out[0..n) = a + b */
export function add(out: usize, a: usize, b: usize, n: i32): void {
  const end = shareEnd(n, 4);
  let i = shareBegin(n, 4);
  for (; i + 4 <= end; i += 4) {
    const at = (<usize>i) << 2;
    v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2;
    store<f32>(out + at, load<f32>(a + at) + load<f32>(b + at));
  }
}

/** x = x within ± limit, n floats; NaN stays NaN. */
export function clamp(x: usize, n: i32, limit: f32): void {
  const end = shareEnd(n, 4);
  let i = shareBegin(n, 4);
  const high = f32x4.splat(limit);
  const low = f32x4.splat(-limit);
  for (; i + 4 <= end; i += 4) {
    const at = x + ((<usize>i) << 2);
    v128.store(at, f32x4.max(f32x4.min(v128.load(at), high), low));
  }
  for (; i < end; i++) {
    const at = x + ((<usize>i) << 2);
    store<f32>(at, max<f32>(min<f32>(load<f32>(at), limit), -limit));
  }
}

/** x = cap · tanh(x / cap), n floats. */
export function softCap(x: usize, n: i32, cap: f32): void {
  const begin = shareBegin(n, 4);
  capScores(x + ((<usize>begin) << 2), shareEnd(n, 4) - begin, cap);
}

/** out [N,M] += bias [M]; rows ldc floats apart. Threads share the columns. */
export function addBias(out: usize, bias: usize, N: i32, M: i32, ldc: i32): void {
  const begin = shareBegin(M, 4);
  const end = shareEnd(M, 4);
  for (let i = 0; i < N; i++) {
    const row = out + ((<usize>i * ldc) << 2);
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      const at = (<usize>j) << 2;
      v128.store(row + at, f32x4.add(v128.load(row + at), v128.load(bias + at)));
    }
    for (; j < end; j++) {
      const at = (<usize>j) << 2;
      store<f32>(row + at, load<f32>(row + at) + load<f32>(bias + at));
    }
  }
}

/** out[0..n) += alpha · x */
export function axpy(out: usize, x: usize, alpha: f32, n: i32): void {
  const end = shareEnd(n, 4);
  let i = shareBegin(n, 4);
  const s = f32x4.splat(alpha);
  for (; i + 4 <= end; i += 4) {
    const at = (<usize>i) << 2;
    v128.store(out + at, f32x4.add(v128.load(out + at), f32x4.mul(s, v128.load(x + at))));
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2;
    store<f32>(out + at, load<f32>(out + at) + alpha * load<f32>(x + at));
  }
}

/** out [N,C] = table rows at ids */
export function gatherRows(out: usize, table: usize, ids: usize, N: i32, C: i32): void {
  const end = shareEnd(N, 1);
  const bytes = (<usize>C) << 2;
  for (let i = shareBegin(N, 1); i < end; i++) {
    memory.copy(out + <usize>i * bytes, table + <usize>load<i32>(ids + ((<usize>i) << 2)) * bytes, bytes);
  }
}

/** table rows at ids += x [N,C]; each thread owns a range of columns, so the order of additions is fixed. */
export function scatterAddRows(table: usize, ids: usize, x: usize, N: i32, C: i32): void {
  const begin = shareBegin(C, 4);
  const end = shareEnd(C, 4);
  for (let i = 0; i < N; i++) {
    const row = table + ((<usize>load<i32>(ids + ((<usize>i) << 2)) * C) << 2);
    const source = x + ((<usize>i * C) << 2);
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      const at = (<usize>j) << 2;
      v128.store(row + at, f32x4.add(v128.load(row + at), v128.load(source + at)));
    }
    for (; j < end; j++) {
      const at = (<usize>j) << 2;
      store<f32>(row + at, load<f32>(row + at) + load<f32>(source + at));
    }
  }
}
