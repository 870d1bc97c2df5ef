// Packed int4 weights: gather, activation quantisation, matvec and matmul.

export function gatherInt4(out: usize, table: usize, ids: usize, N: i32, C: i32): void {
  unreachable();
}

export function quantizeRows(out: usize, x: usize, N: i32, K: i32): void {
  unreachable();
}

export function matmulInt4(out: usize, x: usize, w: usize, N: i32, M: i32, K: i32, ldc: i32, accumulate: i32): void {
  unreachable();
}
