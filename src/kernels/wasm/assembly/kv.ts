// The KV cache (int8 or f32): append and attention of new tokens over it; argmax.

export function kvAppend(
  cache: usize,
  capacity: i32,
  int8: i32,
  x: usize,
  N: i32,
  position: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  unreachable();
}

export function attentionCached(
  out: usize,
  q: usize,
  keys: usize,
  values: usize,
  capacity: i32,
  int8: i32,
  N: i32,
  position: i32,
  H: i32,
  K: i32,
  D: i32,
  stride: i32,
): void {
  unreachable();
}

export function argmax(out: usize, x: usize, n: i32): void {
  unreachable();
}
