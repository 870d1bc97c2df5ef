// f32 matrix products in the three layouts that training needs.

export function gemm(
  layout: i32,
  out: usize,
  a: usize,
  b: usize,
  M: i32,
  N: i32,
  K: i32,
  lda: i32,
  ldb: i32,
  ldc: i32,
  accumulate: i32,
): void {
  unreachable();
}
