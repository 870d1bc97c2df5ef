// IEEE half precision. Conversion only; Float16Array would do, but Node 22 and older browsers lack it.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Nearest half (ties to even) as its 16 bits; beyond 65,504 infinity. NaN stays NaN. */
export function toF16(value: number): number {
  float[0] = value;
  const all = bits[0]!;
  const sign = (all >>> 16) & 0x8000;
  const size = all & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  if (size >= 0x477ff000) return sign | 0x7c00; // 65,520 and up round to infinity
  if (size < 0x38800000) return sign | roundEven(Math.abs(float[0]!) * 2 ** 24); // subnormal: units of 2⁻²⁴
  // Rebias the exponent from 127 to 15 and round 13 bits of the fraction away; a carry goes into the exponent.
  const rebiased = size - (112 << 23);
  return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
}

/** The number that 16 bits of half precision stand for. */
export function fromF16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  bits[0] = ((half & 0x8000) << 16) | ((exponent + 112) << 23) | (fraction << 13);
  return float[0]!;
}

function roundEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
