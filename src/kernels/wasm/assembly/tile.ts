// The register tile of the matrix products: 6 rows × 8 columns of out, 16 with vectors of 256 bits. It reads the panels
// that pack.ts makes.
import { madd_ps } from "./math";
import { WIDE_VECTORS } from "./op";

/** Rows of a tile. */
export const MR: i32 = 6;
/** Columns of a tile. */
export const NR: i32 = 8;

/**
 * c [6,8] = (accumulate ? c : 0) + Σ over k of a[k][0..6) ⊗ b[k][0..8). Steps are bytes between rows of c and between
 * k's of a and b. Twelve accumulators, two of b and one of a are all the registers that x86-64 has under V8.
 */
function tile(
  c: usize,
  cStep: usize,
  a: usize,
  aStep: usize,
  b: usize,
  k: i32,
  accumulate: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let c40 = f32x4.splat(0);
  let c41 = f32x4.splat(0);
  let c50 = f32x4.splat(0);
  let c51 = f32x4.splat(0);
  for (; k > 0; k--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = madd_ps(a0, b0, c00);
    c01 = madd_ps(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = madd_ps(a1, b0, c10);
    c11 = madd_ps(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = madd_ps(a2, b0, c20);
    c21 = madd_ps(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = madd_ps(a3, b0, c30);
    c31 = madd_ps(a3, b1, c31);
    const a4 = v128.load32_splat(a, 16);
    c40 = madd_ps(a4, b0, c40);
    c41 = madd_ps(a4, b1, c41);
    const a5 = v128.load32_splat(a, 20);
    c50 = madd_ps(a5, b0, c50);
    c51 = madd_ps(a5, b1, c51);
    a += aStep;
    b += 32;
  }
  put(c, c00, c01, accumulate);
  put((c += cStep), c10, c11, accumulate);
  put((c += cStep), c20, c21, accumulate);
  put((c += cStep), c30, c31, accumulate);
  put((c += cStep), c40, c41, accumulate);
  put(c + cStep, c50, c51, accumulate);
}

/**
 * c [6,16] = as tile, with two B panels. For vectors of 256 bits, two of which are then a row of a tile: their twelve
 * accumulators are all the registers there are.
 */
function tileWide(
  c: usize,
  cStep: usize,
  a: usize,
  aStep: usize,
  b: usize,
  b2: usize,
  k: i32,
  accumulate: i32,
): void {
  let c0 = f32x4.splat(0);
  let d0 = f32x4.splat(0);
  let e0 = f32x4.splat(0);
  let f0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let d1 = f32x4.splat(0);
  let e1 = f32x4.splat(0);
  let f1 = f32x4.splat(0);
  let c2 = f32x4.splat(0);
  let d2 = f32x4.splat(0);
  let e2 = f32x4.splat(0);
  let f2 = f32x4.splat(0);
  let c3 = f32x4.splat(0);
  let d3 = f32x4.splat(0);
  let e3 = f32x4.splat(0);
  let f3 = f32x4.splat(0);
  let c4 = f32x4.splat(0);
  let d4 = f32x4.splat(0);
  let e4 = f32x4.splat(0);
  let f4 = f32x4.splat(0);
  let c5 = f32x4.splat(0);
  let d5 = f32x4.splat(0);
  let e5 = f32x4.splat(0);
  let f5 = f32x4.splat(0);
  for (; k > 0; k--) {
    const p = v128.load(b);
    const q = v128.load(b, 16);
    const r = v128.load(b2);
    const t = v128.load(b2, 16);
    let s = v128.load32_splat(a);
    c0 = madd_ps(s, p, c0);
    d0 = madd_ps(s, q, d0);
    e0 = madd_ps(s, r, e0);
    f0 = madd_ps(s, t, f0);
    s = v128.load32_splat(a, 4);
    c1 = madd_ps(s, p, c1);
    d1 = madd_ps(s, q, d1);
    e1 = madd_ps(s, r, e1);
    f1 = madd_ps(s, t, f1);
    s = v128.load32_splat(a, 8);
    c2 = madd_ps(s, p, c2);
    d2 = madd_ps(s, q, d2);
    e2 = madd_ps(s, r, e2);
    f2 = madd_ps(s, t, f2);
    s = v128.load32_splat(a, 12);
    c3 = madd_ps(s, p, c3);
    d3 = madd_ps(s, q, d3);
    e3 = madd_ps(s, r, e3);
    f3 = madd_ps(s, t, f3);
    s = v128.load32_splat(a, 16);
    c4 = madd_ps(s, p, c4);
    d4 = madd_ps(s, q, d4);
    e4 = madd_ps(s, r, e4);
    f4 = madd_ps(s, t, f4);
    s = v128.load32_splat(a, 20);
    c5 = madd_ps(s, p, c5);
    d5 = madd_ps(s, q, d5);
    e5 = madd_ps(s, r, e5);
    f5 = madd_ps(s, t, f5);
    a += aStep;
    b += 32;
    b2 += 32;
  }
  put(c, c0, d0, accumulate);
  put(c + 32, e0, f0, accumulate);
  put((c += cStep), c1, d1, accumulate);
  put(c + 32, e1, f1, accumulate);
  put((c += cStep), c2, d2, accumulate);
  put(c + 32, e2, f2, accumulate);
  put((c += cStep), c3, d3, accumulate);
  put(c + 32, e3, f3, accumulate);
  put((c += cStep), c4, d4, accumulate);
  put(c + 32, e4, f4, accumulate);
  put((c += cStep), c5, d5, accumulate);
  put(c + 32, e5, f5, accumulate);
}

// @ts-ignore: decorator
@inline
function put(c: usize, low: v128, high: v128, accumulate: i32): void {
  if (accumulate) {
    low = f32x4.add(v128.load(c), low);
    high = f32x4.add(v128.load(c, 16), high);
  }
  v128.store(c, high, 16);
  v128.store(c, low);
}

/** c [6, columns], and up to a multiple of 8 columns, = an A panel · B panels of k rows, `panelBytes` apart. */
export function tiles(
  c: usize,
  cStep: usize,
  a: usize,
  aStep: usize,
  b: usize,
  panelBytes: usize,
  columns: i32,
  k: i32,
): void {
  if (load<i32>(WIDE_VECTORS)) {
    for (; columns > NR; columns -= 2 * NR, c += 64, b += panelBytes << 1) {
      tileWide(c, cStep, a, aStep, b, b + panelBytes, k, 0);
    }
  }
  for (; columns > 0; columns -= NR, c += 32, b += panelBytes) tile(c, cStep, a, aStep, b, k, 0);
}

/** c [rows ≤ 6, columns] (+)= the same, and nothing else is written; `edge` is room for a tile. */
export function tilesWithin(
  c: usize,
  cStep: usize,
  a: usize,
  aStep: usize,
  b: usize,
  panelBytes: usize,
  rows: i32,
  columns: i32,
  k: i32,
  accumulate: i32,
  edge: usize,
): void {
  if (rows == MR) {
    if (load<i32>(WIDE_VECTORS)) {
      for (; columns >= 2 * NR; columns -= 2 * NR, c += 64, b += panelBytes << 1) {
        tileWide(c, cStep, a, aStep, b, b + panelBytes, k, accumulate);
      }
    }
    for (; columns >= NR; columns -= NR, c += 32, b += panelBytes) tile(c, cStep, a, aStep, b, k, accumulate);
  }
  for (; columns > 0; columns -= NR, c += 32, b += panelBytes) {
    tile(edge, 32, a, aStep, b, k, 0);
    putEdge(c, cStep, edge, rows, min(NR, columns), accumulate);
  }
}

/** Adds or copies the first rows × columns of a full tile at `from` (rows of 8 floats) to c. */
function putEdge(c: usize, cStep: usize, from: usize, rows: i32, columns: i32, accumulate: i32): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + (<usize>j << 2);
      const value = load<f32>(from + (<usize>j << 2));
      store<f32>(at, accumulate ? load<f32>(at) + value : value);
    }
    c += cStep;
    from += 32;
  }
}
