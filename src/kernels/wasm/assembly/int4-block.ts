// One block of packed int4 weights, as the tiles read it. The layout is described in int4.ts.

/** Bytes: 8 bf16 scales, then 8 rows × 32 codes of 4 bits. */
export const BLOCK: usize = 144;

/** The high nibbles of a vector of codes; `mask` is sixteen 15s. */
// @ts-ignore: decorator
@inline
export function high(codes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(codes, 4), mask);
}

/** Four bf16 scales, as they are loaded, as f32. */
// @ts-ignore: decorator
@inline
export function scales(halves: v128): v128 {
  return i32x4.shl(halves, 16);
}
