// Gradient norm and AdamW.

export function sumSquares(out: usize, x: usize, n: i32): void {
  unreachable();
}

export function adamw(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: i32,
  lr: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  decay: f32,
  correction1: f32,
  correction2: f32,
  gradScale: f32,
): void {
  unreachable();
}
