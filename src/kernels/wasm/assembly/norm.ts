// RMSNorm and LayerNorm, forward and backward.

export function rmsNorm(out: usize, x: usize, weight: usize, N: i32, C: i32, eps: f32, rstd: usize): void {
  unreachable();
}

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
  unreachable();
}

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
  unreachable();
}

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
  unreachable();
}
