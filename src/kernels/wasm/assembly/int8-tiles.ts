// The inner loops of the int8 matrix product: exact integer sums of 8 or 16 weight rows × 1 token (decode) and 4 or 8 rows
// × 4 tokens (prefill). Weights are widened to int16 as they are loaded (int8.ts has their layout), activations before
// (int8-matmul.ts): quads of int16. A product of a row's quad leaves two int32, which are added at the very end.
//
// Written in pairs of neighbours for V8's vectors of 256 bits (docs/engine.md): every sum starts from a zero of its own,
// the upper of two stores comes first.

/** w's four codes of two rows, as int16, times a quad of activations. */
// @ts-ignore: decorator
@inline
function two(codes: v128, quad: v128): v128 {
  return i32x4.dot_i16x8_s(codes, quad);
}

// @ts-ignore: decorator
@inline
function put(sums: usize, low: v128, high: v128): void {
  v128.store(sums, high, 16);
  v128.store(sums, low);
}

/** sums i32 [8,2] = a panel's codes at w · one token's quads at x, up to `end`. */
export function decodePanel8(sums: usize, x: usize, end: usize, w: usize): void {
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  for (; x != end; x += 8, w += 32) {
    const quad = v128.load64_splat(x);
    a0 = i32x4.add(a0, two(v128.load8x8_s(w), quad));
    a1 = i32x4.add(a1, two(v128.load8x8_s(w, 8), quad));
    a2 = i32x4.add(a2, two(v128.load8x8_s(w, 16), quad));
    a3 = i32x4.add(a3, two(v128.load8x8_s(w, 24), quad));
  }
  put(sums, a0, a1);
  put(sums + 32, a2, a3);
}

/** sums i32 [2,8,2] = the same of two panels, whose codes are at w and v: two streams keep the memory busier. */
export function decodePanels8(sums: usize, x: usize, end: usize, w: usize, v: usize): void {
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  let b2 = i32x4.splat(0);
  let b3 = i32x4.splat(0);
  for (; x != end; x += 8, w += 32, v += 32) {
    const quad = v128.load64_splat(x);
    a0 = i32x4.add(a0, two(v128.load8x8_s(w), quad));
    a1 = i32x4.add(a1, two(v128.load8x8_s(w, 8), quad));
    a2 = i32x4.add(a2, two(v128.load8x8_s(w, 16), quad));
    a3 = i32x4.add(a3, two(v128.load8x8_s(w, 24), quad));
    b0 = i32x4.add(b0, two(v128.load8x8_s(v), quad));
    b1 = i32x4.add(b1, two(v128.load8x8_s(v, 8), quad));
    b2 = i32x4.add(b2, two(v128.load8x8_s(v, 16), quad));
    b3 = i32x4.add(b3, two(v128.load8x8_s(v, 24), quad));
  }
  put(sums, a0, a1);
  put(sums + 32, a2, a3);
  put(sums + 64, b0, b1);
  put(sums + 96, b2, b3);
}

/** sums i32 [4,8,2] = a panel · the quads of four tokens, side by side at x, up to `end`; for 256 bits. */
export function prefillPanel8(sums: usize, x: usize, end: usize, w: usize): void {
  let a0 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let c0 = i32x4.splat(0);
  let d0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  let c1 = i32x4.splat(0);
  let d1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let b2 = i32x4.splat(0);
  let c2 = i32x4.splat(0);
  let d2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let b3 = i32x4.splat(0);
  let c3 = i32x4.splat(0);
  let d3 = i32x4.splat(0);
  for (; x != end; x += 32, w += 32) {
    const p = v128.load8x8_s(w);
    const q = v128.load8x8_s(w, 8);
    const r = v128.load8x8_s(w, 16);
    const t = v128.load8x8_s(w, 24);
    let quad = v128.load64_splat(x);
    a0 = i32x4.add(a0, two(p, quad));
    b0 = i32x4.add(b0, two(q, quad));
    c0 = i32x4.add(c0, two(r, quad));
    d0 = i32x4.add(d0, two(t, quad));
    quad = v128.load64_splat(x, 8);
    a1 = i32x4.add(a1, two(p, quad));
    b1 = i32x4.add(b1, two(q, quad));
    c1 = i32x4.add(c1, two(r, quad));
    d1 = i32x4.add(d1, two(t, quad));
    quad = v128.load64_splat(x, 16);
    a2 = i32x4.add(a2, two(p, quad));
    b2 = i32x4.add(b2, two(q, quad));
    c2 = i32x4.add(c2, two(r, quad));
    d2 = i32x4.add(d2, two(t, quad));
    quad = v128.load64_splat(x, 24);
    a3 = i32x4.add(a3, two(p, quad));
    b3 = i32x4.add(b3, two(q, quad));
    c3 = i32x4.add(c3, two(r, quad));
    d3 = i32x4.add(d3, two(t, quad));
  }
  put(sums, a0, b0);
  put(sums + 32, c0, d0);
  put(sums + 64, a1, b1);
  put(sums + 96, c1, d1);
  put(sums + 128, a2, b2);
  put(sums + 160, c2, d2);
  put(sums + 192, a3, b3);
  put(sums + 224, c3, d3);
}

/** The same of four rows, whose codes are at w; tokens' sums are 64 bytes apart. Fits the registers of 128 bits. */
export function prefillQuad8(sums: usize, x: usize, end: usize, w: usize): void {
  let a0 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let b2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let b3 = i32x4.splat(0);
  for (; x != end; x += 32, w += 32) {
    const p = v128.load8x8_s(w);
    const q = v128.load8x8_s(w, 8);
    let quad = v128.load64_splat(x);
    a0 = i32x4.add(a0, two(p, quad));
    b0 = i32x4.add(b0, two(q, quad));
    quad = v128.load64_splat(x, 8);
    a1 = i32x4.add(a1, two(p, quad));
    b1 = i32x4.add(b1, two(q, quad));
    quad = v128.load64_splat(x, 16);
    a2 = i32x4.add(a2, two(p, quad));
    b2 = i32x4.add(b2, two(q, quad));
    quad = v128.load64_splat(x, 24);
    a3 = i32x4.add(a3, two(p, quad));
    b3 = i32x4.add(b3, two(q, quad));
  }
  put(sums, a0, b0);
  put(sums + 64, a1, b1);
  put(sums + 128, a2, b2);
  put(sums + 192, a3, b3);
}
