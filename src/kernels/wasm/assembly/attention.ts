// Causal attention within segments, forward and backward (training).

export function attention(
  out: usize,
  lse: usize,
  q: usize,
  k: usize,
  v: usize,
  cu: usize,
  segments: i32,
  N: i32,
  H: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  unreachable();
}

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
  H: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  unreachable();
}
