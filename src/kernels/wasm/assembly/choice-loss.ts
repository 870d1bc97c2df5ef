// Output head and cross-entropy among the few tokens that a row may choose from, and the head's gradient.
import { shareBegin, shareEnd } from "./control";
import { exp_ps, madd_ps, sum_ps } from "./math";

/** Logits of a row's choices become weight · (softmax − target); threads share rows. dx 0: no gradient by x. */
export function choiceCrossEntropy(
  loss: usize,
  dLogits: usize,
  dx: usize,
  x: usize,
  head: usize,
  offsets: usize,
  ids: usize,
  targets: usize,
  weights: usize,
  N: i32,
  C: i32,
  smoothing: f32,
): void {
  const bytes = <usize>C << 2;
  const end = shareEnd(N, 1);
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = <usize>i << 2;
    const first = load<i32>(offsets + row);
    const count = load<i32>(offsets + row, 4) - first;
    const choices = ids + (<usize>first << 2);
    const logits = dLogits + (<usize>first << 2);
    const from = x + <usize>i * bytes;
    for (let j = 0; j < count; j++) {
      const at = <usize>j << 2;
      store<f32>(logits + at, dot(from, head + <usize>load<i32>(choices + at) * bytes, C));
    }
    const weight = load<f32>(weights + row);
    const share = softmaxLoss(logits, choices, count, load<i32>(targets + row), weight, smoothing);
    store<f32>(loss + row, load<f32>(loss + row) + weight * share);
    if (dx != 0) combine(dx + <usize>i * bytes, logits, choices, count, head, C);
  }
}

/** Replaces logits by weight · (softmax − target distribution); returns the cross-entropy. */
function softmaxLoss(logits: usize, choices: usize, count: i32, target: i32, weight: f32, smoothing: f32): f32 {
  let top = -f32.MAX_VALUE;
  for (let j = 0; j < count; j++) top = max<f32>(top, load<f32>(logits + (<usize>j << 2)));
  let sum: f32 = 0;
  let logitSum: f32 = 0;
  for (let j = 0; j < count; j++) {
    const logit = load<f32>(logits + (<usize>j << 2));
    sum += exp(logit - top);
    logitSum += logit;
  }
  const lse = top + Mathf.log(sum);
  const spread = smoothing / <f32>count;
  let loss = smoothing > 0 ? spread * (<f32>count * lse - logitSum) : 0;
  for (let j = 0; j < count; j++) {
    const at = <usize>j << 2;
    const logit = load<f32>(logits + at);
    let wanted = spread;
    if (load<i32>(choices + at) == target) {
      wanted += 1 - smoothing;
      loss += (1 - smoothing) * (lse - logit);
    }
    store<f32>(logits + at, weight * (exp(logit - top) / sum - wanted));
  }
  return loss;
}

/** dHead rows of the choices += gradient · x; each thread owns a range of columns, so the order of additions is fixed. */
export function choiceHeadBackward(
  dHead: usize,
  dLogits: usize,
  x: usize,
  offsets: usize,
  ids: usize,
  N: i32,
  C: i32,
): void {
  const bytes = <usize>C << 2;
  const begin = shareBegin(C, 4);
  const end = shareEnd(C, 4);
  for (let i = 0; i < N; i++) {
    const last = load<i32>(offsets + (<usize>i << 2), 4);
    const from = x + <usize>i * bytes;
    for (let j = load<i32>(offsets + (<usize>i << 2)); j < last; j++) {
      const at = <usize>j << 2;
      addScaled(dHead + <usize>load<i32>(ids + at) * bytes, from, load<f32>(dLogits + at), begin, end);
    }
  }
}

/** out [0..C) = Σ over choices of gradient · head row */
function combine(out: usize, gradients: usize, choices: usize, count: i32, head: usize, C: i32): void {
  const bytes = <usize>C << 2;
  memory.fill(out, 0, bytes);
  for (let j = 0; j < count; j++) {
    const at = <usize>j << 2;
    addScaled(out, head + <usize>load<i32>(choices + at) * bytes, load<f32>(gradients + at), 0, C);
  }
}

/** out[begin..end) += scale · x */
function addScaled(out: usize, x: usize, scale: f32, begin: i32, end: i32): void {
  const factor = f32x4.splat(scale);
  let i = begin;
  for (; i + 4 <= end; i += 4) {
    const at = <usize>i << 2;
    v128.store(out + at, madd_ps(factor, v128.load(x + at), v128.load(out + at)));
  }
  for (; i < end; i++) {
    const at = <usize>i << 2;
    store<f32>(out + at, load<f32>(out + at) + scale * load<f32>(x + at));
  }
}

function dot(a: usize, b: usize, n: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    s0 = madd_ps(v128.load(a), v128.load(b), s0);
    s1 = madd_ps(v128.load(a, 16), v128.load(b, 16), s1);
    a += 32;
    b += 32;
  }
  let sum = sum_ps(f32x4.add(s0, s1));
  for (; i < n; i++) {
    sum += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function exp(x: f32): f32 {
  return f32x4.extract_lane(exp_ps(f32x4.splat(x)), 0);
}
