// FFN activations, gated or not, forward; backward is in activation-backward.ts.
import { shareBegin, shareEnd } from "./control";
import { erf_ps, madd_ps, sigmoid_ps } from "./math";

// Numbers of the activations: their order in `activations` of src/spec/spec.ts.
const RELU: i32 = 0;
const SILU: i32 = 1;
const GELU: i32 = 2;
const GELU_TANH: i32 = 3;

/**
 * out [N,F] = act(gate) · up (0: act(gate)); rows of gate and up are `stride` floats apart. Threads share the columns.
 */
export function activate(out: usize, gate: usize, up: usize, N: i32, F: i32, stride: i32, kind: i32): void {
  const begin = shareBegin(F, 16);
  const count = shareEnd(F, 16) - begin;
  for (let i = 0; i < N; i++) {
    const row = (<usize>i * stride + begin) << 2;
    activateRow(out + ((<usize>i * F + begin) << 2), gate + row, up != 0 ? up + row : 0, count, kind);
  }
}

function activateRow(out: usize, gate: usize, up: usize, count: i32, kind: i32): void {
  const end = (<usize>count) << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    const value = activation_ps(v128.load(gate + at), kind);
    v128.store(out + at, up != 0 ? f32x4.mul(value, v128.load(up + at)) : value);
  }
  for (; at < end; at += 4) {
    const value = f32x4.extract_lane(activation_ps(v128.load32_zero(gate + at), kind), 0);
    store<f32>(out + at, up != 0 ? value * load<f32>(up + at) : value);
  }
}

/** The activation of four floats. */
// @ts-ignore: decorator
@inline
function activation_ps(x: v128, kind: i32): v128 {
  if (kind == SILU) return f32x4.mul(x, sigmoid_ps(x));
  if (kind == GELU) {
    const half = f32x4.mul(x, f32x4.splat(0.5));
    return madd_ps(half, erf_ps(f32x4.mul(x, f32x4.splat(<f32>0.7071067811865476))), half);
  }
  if (kind == GELU_TANH) {
    // (1 + tanh u)/2 = sigmoid 2u, u = √(2/π) (x + 0.044715 x³)
    const cubic = madd_ps(f32x4.mul(x, x), f32x4.splat(<f32>0.07135481282145285), f32x4.splat(<f32>1.5957691216057308));
    return f32x4.mul(x, sigmoid_ps(f32x4.mul(x, cubic)));
  }
  // NaN stays NaN: pmax(x, 0) is x unless x < 0.
  const positive = f32x4.pmax(x, f32x4.splat(0));
  return kind == RELU ? positive : f32x4.mul(positive, positive);
}
