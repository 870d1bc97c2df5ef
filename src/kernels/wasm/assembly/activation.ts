// FFN activations, gated or not, forward and backward.

export function activate(out: usize, gate: usize, up: usize, N: i32, F: i32, stride: i32, kind: i32): void {
  unreachable();
}

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
  unreachable();
}
