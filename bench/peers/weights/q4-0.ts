// ggml's Q4_0, as llama.cpp makes it from floats without an importance matrix: 32 weights share an f16 scale, the weight of
// the largest magnitude divided by −8; the others are rounded under it. 4.5 bits a weight.
import { toF16 } from "../../../src/quant/f16.ts";
import { unpackGgml } from "../../../src/quant/ggml.ts";

const { fround } = Math;

/** Blocks of 18 bytes; a row is a multiple of 32 weights. Arithmetic in f32, as there. */
export function packQ4_0(weights: Float32Array): Uint8Array {
  const bytes = new Uint8Array((weights.length / 32) * 18);
  for (let block = 0; block < weights.length / 32; block++) {
    const group = weights.subarray(32 * block, 32 * block + 32);
    const most = group.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    const scale = fround(most / -8);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    const code = (weight: number) => Math.min(15, Math.trunc(fround(fround(weight * inverse) + 8.5)));
    const at = 18 * block;
    const half = toF16(scale);
    bytes[at] = half & 255;
    bytes[at + 1] = half >> 8;
    for (let j = 0; j < 16; j++) bytes[at + 2 + j] = code(group[j]!) | (code(group[j + 16]!) << 4);
  }
  return bytes;
}

/** The weights that are left of them. */
export function roundQ4_0(weights: Float32Array): Float32Array {
  const rounded = new Float32Array(weights.length);
  unpackGgml("Q4_0", packQ4_0(weights), rounded);
  return rounded;
}
