// Packed int4 matrices of given codes and scales, written by hand (so not by the packer that the kernels were written
// with): bytes as src/quant/int4.ts documents them, code 8 and scale 0 in the padding.
import { int4Bytes } from "../../quant/int4.ts";

/** Codes 0..15 and scales (the 16 bits of a bf16) of a matrix; scales are per row and block of 32 columns. */
export interface PackedValues {
  code(row: number, k: number): number;
  scale(row: number, block: number): number;
}

/** Packs a matrix [M,K]; asks for each scale, then for its codes in order. */
export function packValues(M: number, K: number, { code, scale }: PackedValues): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(int4Bytes(M, K)).fill(0x88);
  const blocks = Math.ceil(K / 32);
  for (let row = 0; row < Math.ceil(M / 8) * 8; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = 144 * ((row >> 3) * blocks + block);
      const bits = row < M ? scale(row, block) : 0;
      bytes[start + 2 * (row % 8)] = bits & 255;
      bytes[start + 2 * (row % 8) + 1] = bits >> 8;
      for (let k = 0; row < M && k < Math.min(32, K - 32 * block); k++) {
        const [quad, lane] = [(row % 8) >> 2, row % 4];
        const vector = 2 * ((k % 16) >> 2) + quad;
        const at = start + 16 + 16 * vector + 4 * lane + (k % 4);
        const value = code(row, 32 * block + k);
        bytes[at] = k < 16 ? (bytes[at]! & 0xf0) | value : (bytes[at]! & 0x0f) | (value << 4);
      }
    }
  }
  return bytes;
}
