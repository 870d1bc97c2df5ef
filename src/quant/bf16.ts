// bfloat16: the upper half of a float32. Conversion only.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Nearest bf16 (ties to even) as its 16 bits. NaN stays NaN. */
export function toBf16(value: number): number {
  float[0] = value;
  const all = bits[0]!;
  if (Number.isNaN(value)) return (all >>> 16) | 0x40;
  return ((all + 0x7fff + ((all >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The float32 that 16 bits of bf16 stand for. */
export function fromBf16(half: number): number {
  bits[0] = half << 16;
  return float[0]!;
}
