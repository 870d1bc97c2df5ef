// Random 4-bit weights as bytes: what fills the model files. Speed does not depend on the values as long as they are
// neither zeros nor so small or large that floats become denormal or infinite.
import { toF16 } from "../../../src/quant/f16.ts";

/** Endless random bytes, the same for the same seed (xorshift32, four bytes at a time). */
export class Noise {
  private state: number;

  constructor(seed: number) {
    this.state = (seed | 0) ^ 0x9e3779b9 || 1;
  }

  /** `count` bytes; a multiple of 4. */
  bytes(count: number): Uint8Array {
    const words = new Uint32Array(count / 4);
    let s = this.state;
    for (let i = 0; i < words.length; i++) {
      s ^= s << 13;
      s ^= s >>> 17;
      s ^= s << 5;
      words[i] = s;
    }
    this.state = s;
    return new Uint8Array(words.buffer);
  }
}

/**
 * The scale that keeps a matrix with `columns` inputs from growing or shrinking what goes through it: codes are uniform
 * in −8..7 (standard deviation 4.61), and columns · (4.61 · scale)² = 1.
 */
export function unitScale(columns: number): number {
  return 1 / (4.61 * Math.sqrt(columns));
}

/** {@link unitScale} as a half float's bits, in little-endian order. */
export function unitScaleF16(columns: number): [low: number, high: number] {
  const bits = toF16(unitScale(columns));
  return [bits & 255, bits >> 8];
}
