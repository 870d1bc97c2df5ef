// Gradients of the FFN activations (activation.ts), gated or not. `kind` is the index in `activations` of spec.ts.
import { scratch, shareBegin, shareEnd } from "./control";
import { erf_ps, exp_ps, madd_ps, sigmoid_ps, tanh_ps } from "./math";

const RELU: i32 = 0;
const SILU: i32 = 1;
const GELU: i32 = 2;
const GELU_TANH: i32 = 3;

/** dGate = dOut · up · act'(gate), dUp = dOut · act(gate); up 0: dGate = dOut · act'(gate). Threads share rows. */
export function activateBackward(
  dGate: usize,
  dUp: usize,
  dOut: usize,
  gate: usize,
  up: usize,
  N: i32,
  F: i32,
  stride: i32,
  kind: i32,
): void {
  const end = shareEnd(N, 1);
  const bytes = <usize>F << 2;
  const whole = bytes & ~15;
  for (let i = shareBegin(N, 1); i < end; i++) {
    const row = (<usize>i * stride) << 2;
    const d = dOut + <usize>i * bytes;
    const u = up ? up + row : 0;
    let at: usize = 0;
    for (; at < whole; at += 16) four(dGate + row + at, dUp + row + at, d + at, gate + row + at, u ? u + at : 0, kind);
    if (at < bytes) last(dGate + row + at, dUp + row + at, d + at, gate + row + at, u ? u + at : 0, kind, bytes - at);
  }
}

/** The last one to three columns, through scratch. */
function last(dGate: usize, dUp: usize, dOut: usize, gate: usize, up: usize, kind: i32, bytes: usize): void {
  const buffer = scratch();
  memory.copy(buffer, dOut, bytes);
  memory.copy(buffer + 16, gate, bytes);
  if (up) memory.copy(buffer + 32, up, bytes);
  four(buffer + 48, buffer + 64, buffer, buffer + 16, up ? buffer + 32 : 0, kind);
  memory.copy(dGate, buffer + 48, bytes);
  if (up) memory.copy(dUp, buffer + 64, bytes);
}

/** Four columns. */
// @ts-ignore: decorator
@inline
function four(dGate: usize, dUp: usize, dOut: usize, gate: usize, up: usize, kind: i32): void {
  const g = v128.load(gate);
  const one = f32x4.splat(1);
  let value = f32x4.pmax(g, f32x4.splat(0));
  let slope = value;
  if (kind == RELU) {
    slope = v128.and(f32x4.gt(g, f32x4.splat(0)), one);
  } else if (kind == SILU) {
    const s = sigmoid_ps(g);
    value = f32x4.mul(g, s);
    slope = madd_ps(value, f32x4.sub(one, s), s);
  } else if (kind == GELU) {
    // g · Φ(g) and Φ(g) + g · φ(g)
    const half = f32x4.splat(0.5);
    const phi = madd_ps(half, erf_ps(f32x4.mul(g, f32x4.splat(0.70710678118654752))), half);
    const density = f32x4.mul(exp_ps(f32x4.mul(f32x4.mul(g, g), f32x4.splat(-0.5))), f32x4.splat(0.3989422804014327));
    value = f32x4.mul(g, phi);
    slope = madd_ps(g, density, phi);
  } else if (kind == GELU_TANH) {
    // With u = √(2/π) (g + 0.044715 g³): ½ g (1 + tanh u) and ½ (1 + tanh u) + ½ g (1 − tanh² u) u'.
    const square = f32x4.mul(g, g);
    const root = f32x4.splat(0.7978845608028654);
    const t = tanh_ps(f32x4.mul(f32x4.mul(g, root), madd_ps(square, f32x4.splat(0.044715), one)));
    const bend = f32x4.mul(root, madd_ps(square, f32x4.splat(0.134145), one));
    const half = f32x4.splat(0.5);
    const phi = madd_ps(half, t, half);
    value = f32x4.mul(g, phi);
    slope = madd_ps(f32x4.mul(f32x4.mul(half, g), f32x4.sub(one, f32x4.mul(t, t))), bend, phi);
  } else {
    slope = f32x4.add(value, value);
    value = f32x4.mul(value, value);
  }
  const d = v128.load(dOut);
  if (up) {
    v128.store(dGate, f32x4.mul(f32x4.mul(d, v128.load(up)), slope));
    v128.store(dUp, f32x4.mul(d, value));
  } else v128.store(dGate, f32x4.mul(d, slope));
}
