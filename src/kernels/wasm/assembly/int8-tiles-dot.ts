// The inner loops of the int8 matrix product for machines with an int8 dot product (AVX-VNNI, Arm's SDOT): four products
// added to an int32 in one instruction, activations as quantizeRows left them. Same sums as int8-tiles.ts, bit for bit.
//
// The second operand of the relaxed instruction may be taken as signed (Arm) or as unsigned (AVX-VNNI), which is asked of
// the machine. Where it is unsigned, codes get 128 more, and 128 · Σ activations is taken from the sums.
import { hasDotProduct } from "./int4-tiles-dot";

const bytesAreSigned: bool = dotOf(127, -1) == 4 * -127 && dotOf(-127, -127) == 4 * 127 * 127;
const bytesAreUnsigned: bool = dotOf(127, -1) == 4 * 127 * 255 && dotOf(-127, -1) == 4 * -127 * 255;

/** Whether bytes of all 256 values have exact dot products here. */
export const hasDotOfBytes: bool = hasDotProduct && (bytesAreSigned || bytesAreUnsigned);

function dotOf(x: i8, code: i8): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 0;
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(x), i8x16.splat(code), i32x4.splat(0));
  return i32x4.extract_lane(sums, 0);
}

// @ts-ignore: decorator
@inline
function dot(x: v128, codes: v128, sums: v128): v128 {
  if (!ASC_FEATURE_RELAXED_SIMD) return sums;
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, codes, sums);
}

/** What codes are combined with by xor: 128 in each byte, or nothing. */
// @ts-ignore: decorator
@inline
function flip(): v128 {
  return i8x16.splat(bytesAreSigned ? 0 : -128);
}

/** A block's offset, −8 · Σ activations, as −128 · Σ activations where codes were flipped, else shifted out: 0. */
// @ts-ignore: decorator
@inline
function start(offset: usize): v128 {
  return i32x4.shl(v128.load32_splat(offset), bytesAreSigned ? 31 : 4);
}

/** sums i32 [8] = a panel's codes at w · one token. */
export function decodePanel8Dot(sums: usize, x: usize, w: usize, blocks: i32): void {
  const flips = flip();
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (let block = 0; block < blocks; block++, x += 4) {
    const offset = start(x + 32);
    a = i32x4.add(a, offset);
    b = i32x4.add(b, offset);
    for (const end = x + 32; x != end; x += 4, w += 32) {
      const quad = v128.load32_splat(x);
      a = dot(quad, v128.xor(v128.load(w), flips), a);
      b = dot(quad, v128.xor(v128.load(w, 16), flips), b);
    }
  }
  v128.store(sums, a);
  v128.store(sums, b, 16);
}

/** sums i32 [2,8] = the same of two panels, whose codes are at w and v. */
export function decodePanels8Dot(sums: usize, x: usize, w: usize, v: usize, blocks: i32): void {
  const flips = flip();
  let a0 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  for (let block = 0; block < blocks; block++, x += 4) {
    const offset = start(x + 32);
    a0 = i32x4.add(a0, offset);
    b0 = i32x4.add(b0, offset);
    a1 = i32x4.add(a1, offset);
    b1 = i32x4.add(b1, offset);
    for (const end = x + 32; x != end; x += 4, w += 32, v += 32) {
      const quad = v128.load32_splat(x);
      a0 = dot(quad, v128.xor(v128.load(w), flips), a0);
      b0 = dot(quad, v128.xor(v128.load(w, 16), flips), b0);
      a1 = dot(quad, v128.xor(v128.load(v), flips), a1);
      b1 = dot(quad, v128.xor(v128.load(v, 16), flips), b1);
    }
  }
  v128.store(sums, a0);
  v128.store(sums, b0, 16);
  v128.store(sums, a1, 32);
  v128.store(sums, b1, 48);
}

/** sums i32 [4,8] = a panel · a group of four tokens. */
export function prefillPanel8Dot(sums: usize, x: usize, w: usize, blocks: i32): void {
  const flips = flip();
  let a0 = i32x4.splat(0);
  let b0 = i32x4.splat(0);
  let a1 = i32x4.splat(0);
  let b1 = i32x4.splat(0);
  let a2 = i32x4.splat(0);
  let b2 = i32x4.splat(0);
  let a3 = i32x4.splat(0);
  let b3 = i32x4.splat(0);
  for (let block = 0; block < blocks; block++, x += 16) {
    let offset = start(x + 128);
    a0 = i32x4.add(a0, offset);
    b0 = i32x4.add(b0, offset);
    offset = start(x + 132);
    a1 = i32x4.add(a1, offset);
    b1 = i32x4.add(b1, offset);
    offset = start(x + 136);
    a2 = i32x4.add(a2, offset);
    b2 = i32x4.add(b2, offset);
    offset = start(x + 140);
    a3 = i32x4.add(a3, offset);
    b3 = i32x4.add(b3, offset);
    for (const end = x + 128; x != end; x += 16, w += 32) {
      const p = v128.xor(v128.load(w), flips);
      const q = v128.xor(v128.load(w, 16), flips);
      let quad = v128.load32_splat(x);
      a0 = dot(quad, p, a0);
      b0 = dot(quad, q, b0);
      quad = v128.load32_splat(x, 4);
      a1 = dot(quad, p, a1);
      b1 = dot(quad, q, b1);
      quad = v128.load32_splat(x, 8);
      a2 = dot(quad, p, a2);
      b2 = dot(quad, q, b2);
      quad = v128.load32_splat(x, 12);
      a3 = dot(quad, p, a3);
      b3 = dot(quad, q, b3);
    }
  }
  v128.store(sums, a0);
  v128.store(sums, b0, 16);
  v128.store(sums, a1, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, a2, 64);
  v128.store(sums, b2, 80);
  v128.store(sums, a3, 96);
  v128.store(sums, b3, 112);
}
