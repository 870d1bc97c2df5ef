// Rotary position embedding.

export function rope(
  x: usize,
  table: usize,
  positions: usize,
  N: i32,
  heads: i32,
  D: i32,
  stride: i32,
  inverse: i32,
): void {
  unreachable();
}
