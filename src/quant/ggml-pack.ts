// Floats to the block formats of GGML that are written, rounded as ggml's reference rounds: each step in float32.
import { HandheldError } from "../errors.ts";
import { toF16 } from "./f16.ts";
import { ggmlBytes } from "./ggml.ts";

/** One block's worth of `values` from `from` to `block` at `at`. */
type Pack = (values: Float32Array, from: number, block: DataView, at: number) => void;

const packs = {
  F32: { elements: 1, bytes: 4, pack: (x, from, block, at) => block.setFloat32(at, x[from]!, true) },
  F16: { elements: 1, bytes: 2, pack: (x, from, block, at) => block.setUint16(at, toF16(x[from]!), true) },
  Q8_0: { elements: 32, bytes: 34, pack: packQ8_0 },
  Q4_0: { elements: 32, bytes: 18, pack: packQ4_0 },
} as const satisfies Record<string, { elements: number; bytes: number; pack: Pack }>;

/** What can be written. */
export type PackedType = keyof typeof packs;

/** Every type that can be written. */
export const packedTypes = Object.keys(packs) as PackedType[];

/**
 * Whole blocks of a tensor's values, whose rows fill them.
 * @throws HandheldError `invalid-data` for values that are not finite, or whose scale is beyond what an f16 holds
 */
export function packGgml(type: PackedType, values: Float32Array): Uint8Array<ArrayBuffer> {
  const { elements, bytes, pack } = packs[type];
  const most = type === "F32" ? Number.MAX_VALUE : 65_504 * { F16: 1, Q8_0: 127, Q4_0: 8 }[type];
  const wrong = values.findIndex((value) => !(Math.abs(value) <= most));
  if (wrong >= 0) throw new HandheldError("invalid-data", `the value ${values[wrong]} does not fit ${type}`);
  const out = new Uint8Array(ggmlBytes(type, values.length));
  const view = new DataView(out.buffer);
  for (let from = 0, at = 0; from < values.length; from += elements, at += bytes) pack(values, from, view, at);
  return out;
}

// 32 values: an f16 scale, then int8 codes. Halves are rounded away from zero.
function packQ8_0(x: Float32Array, from: number, block: DataView, at: number): void {
  let most = 0;
  for (let i = 0; i < 32; i++) most = Math.max(most, Math.abs(x[from + i]!));
  const d = Math.fround(most / 127);
  const inverse = inverseOf(d);
  block.setUint16(at, toF16(d), true);
  for (let i = 0; i < 32; i++) {
    const scaled = Math.fround(x[from + i]! * inverse);
    const size = Math.floor(Math.abs(scaled) + 0.5);
    block.setInt8(at + 2 + i, scaled < 0 ? -size : size);
  }
}

// 32 values: an f16 scale that makes −8 of the largest, then nibbles: byte j holds value j low and value 16 + j high.
function packQ4_0(x: Float32Array, from: number, block: DataView, at: number): void {
  let largest = x[from]!;
  for (let i = 1; i < 32; i++) if (Math.abs(x[from + i]!) > Math.abs(largest)) largest = x[from + i]!;
  const d = Math.fround(largest / -8);
  const inverse = inverseOf(d);
  block.setUint16(at, toF16(d), true);
  const code = (i: number) => Math.min(15, Math.trunc(Math.fround(Math.fround(x[from + i]! * inverse) + 8.5)));
  for (let j = 0; j < 16; j++) block.setUint8(at + 2 + j, code(j) | (code(j + 16) << 4));
}

/** 1 / d, or 0 where all is zero or too small for a float32 to say. */
function inverseOf(d: number): number {
  const inverse = Math.fround(1 / d);
  return d === 0 || !Number.isFinite(inverse) ? 0 : inverse;
}
