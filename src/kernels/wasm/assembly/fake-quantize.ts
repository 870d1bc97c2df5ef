// Fake quantisation for quantisation-aware training: weights as packed int4 would hold them, still as floats.
// The rule for the scales is in ../../backend.ts; the packed layout itself is not touched here.
import { scratch, shareBegin, shareEnd } from "./control";
import { GROUP, groupScale } from "./int4-scale";
import { round_ps } from "./math";

// @ts-ignore: decorator
@lazy
const LIMITS_OF_FOUR: usize = memory.data<i32>([7, 7, 7, 7, -8, -8, -8, -8], 16);

/** out [rows, columns] = w with every group of 32 columns rounded to int4; each thread has a range of rows. */
export function fakeQuantizeInt4(out: usize, w: usize, rows: i32, columns: i32): void {
  const end = shareEnd(rows, 1);
  const padded = scratch();
  const whole = (<usize>(columns >> 5)) << 7;
  const rest = (<usize>(columns & 31)) << 2;
  for (let row = shareBegin(rows, 1); row < end; row++) {
    const at = (<usize>row * <usize>columns) << 2;
    for (let k: usize = 0; k < whole; k += GROUP) roundGroup(out + at + k, w + at + k);
    if (rest == 0) continue;
    memory.fill(padded, 0, GROUP);
    memory.copy(padded, w + at + whole, rest);
    roundGroup(padded, padded);
    memory.copy(out + at + whole, padded, rest);
  }
}

function roundGroup(out: usize, w: usize): void {
  const scale = groupScale(w);
  if (scale != scale) memory.copy(out, w, GROUP);
  else if (scale == 0) memory.fill(out, 0, GROUP);
  else roundTo(scale, out, w);
}

function roundTo(scale: f32, out: usize, w: usize): void {
  const inverse = f32x4.splat(1 / scale);
  const s = f32x4.splat(scale);
  for (let j: usize = 0; j < GROUP; j += 16) {
    const q = i32x4.min_s(round_ps(f32x4.mul(v128.load(w + j), inverse)), v128.load(LIMITS_OF_FOUR));
    const code = f32x4.convert_i32x4_s(i32x4.max_s(q, v128.load(LIMITS_OF_FOUR, 16)));
    v128.store(out + j, f32x4.add(f32x4.mul(code, s), f32x4.splat(0))); // + 0: no −0 under a negative scale
  }
}
