// Dropout, log-sum-exp and cross-entropy in chunks of the vocabulary.

export function dropout(out: usize, x: usize, n: i32, p: f32, seed: i32): void {
  unreachable();
}

export function logSumExp(stats: usize, logits: usize, N: i32, width: i32, first: i32): void {
  unreachable();
}

export function crossEntropy(
  loss: usize,
  logits: usize,
  stats: usize,
  targets: usize,
  weights: usize,
  N: i32,
  width: i32,
  offset: i32,
  V: i32,
  smoothing: f32,
): void {
  unreachable();
}
