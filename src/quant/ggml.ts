// The block formats of GGML, as GGUF files store them, to floats. Little-endian; blocks follow the rows of a tensor.
import { fromBf16 } from "./bf16.ts";
import { fromF16 } from "./f16.ts";

/** A way to store elements: how many share a block of how many bytes. */
interface GgmlFormat {
  /** Its number in GGUF files. */
  id: number;
  elements: number;
  bytes: number;
  /** One block at `at` to `elements` floats at `to`. */
  unpack(block: DataView, at: number, out: Float32Array, to: number): void;
}

/** What can be read. */
export const ggmlFormats = {
  F32: { id: 0, elements: 1, bytes: 4, unpack: (b, at, out, to) => void (out[to] = b.getFloat32(at, true)) },
  F16: { id: 1, elements: 1, bytes: 2, unpack: (b, at, out, to) => void (out[to] = half(b, at)) },
  BF16: { id: 30, elements: 1, bytes: 2, unpack: (b, at, out, to) => void (out[to] = fromBf16(b.getUint16(at, true))) },
  Q4_0: { id: 2, elements: 32, bytes: 18, unpack: unpackQ4_0 },
  Q4_1: { id: 3, elements: 32, bytes: 20, unpack: unpackQ4_1 },
  Q5_0: { id: 6, elements: 32, bytes: 22, unpack: unpackQ5_0 },
  Q5_1: { id: 7, elements: 32, bytes: 24, unpack: unpackQ5_1 },
  Q8_0: { id: 8, elements: 32, bytes: 34, unpack: unpackQ8_0 },
  Q2_K: { id: 10, elements: 256, bytes: 84, unpack: unpackQ2_K },
  Q3_K: { id: 11, elements: 256, bytes: 110, unpack: unpackQ3_K },
  Q4_K: { id: 12, elements: 256, bytes: 144, unpack: unpackQ4_K },
  Q5_K: { id: 13, elements: 256, bytes: 176, unpack: unpackQ5_K },
  Q6_K: { id: 14, elements: 256, bytes: 210, unpack: unpackQ6_K },
  IQ4_NL: { id: 20, elements: 32, bytes: 18, unpack: unpackIQ4_NL },
  IQ4_XS: { id: 23, elements: 256, bytes: 136, unpack: unpackIQ4_XS },
} as const satisfies Record<string, GgmlFormat>;

export type GgmlType = keyof typeof ggmlFormats;

const byId = new Map(Object.entries(ggmlFormats).map(([name, { id }]) => [id as number, name as GgmlType]));

/** The format with a number; undefined for those that cannot be read. */
export function ggmlTypeOf(id: number): GgmlType | undefined {
  return byId.get(id);
}

/** Bytes of a row of `elements`; NaN where they do not fill their blocks. */
export function ggmlBytes(type: GgmlType, elements: number): number {
  const format = ggmlFormats[type];
  return elements % format.elements === 0 ? (elements / format.elements) * format.bytes : Number.NaN;
}

/** Whole blocks to floats; `out` has as many as they hold. */
export function unpackGgml(type: GgmlType, blocks: Uint8Array, out: Float32Array): void {
  const { elements, bytes, unpack } = ggmlFormats[type];
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
  // A call for each element is ten times slower than a loop.
  if (type === "F16") unpackHalves(view, out);
  else if (type === "BF16") for (let i = 0; i < out.length; i++) out[i] = fromBf16(view.getUint16(2 * i, true));
  else for (let at = 0, to = 0; to < out.length; at += bytes, to += elements) unpack(view, at, out, to);
}

/** All 65,536 halves as floats, made when first asked for. */
let halves: Float32Array | undefined;

function unpackHalves(view: DataView, out: Float32Array): void {
  halves ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => fromF16(bits));
  for (let i = 0; i < out.length; i++) out[i] = halves[view.getUint16(2 * i, true)]!;
}

function half(block: DataView, at: number): number {
  return fromF16(block.getUint16(at, true));
}

// 32 elements: an f16 scale (and in _1 formats an f16 minimum), a fifth bit of each where there is one, then the nibbles:
// byte j holds element j low and element 16 + j high.

function unpackQ4_0(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + 2 + j);
    out[to + j] = ((byte & 15) - 8) * d;
    out[to + j + 16] = ((byte >> 4) - 8) * d;
  }
}

function unpackQ4_1(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const m = half(block, at + 2);
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + 4 + j);
    out[to + j] = (byte & 15) * d + m;
    out[to + j + 16] = (byte >> 4) * d + m;
  }
}

function unpackQ5_0(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const fifth = block.getUint32(at + 2, true);
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + 6 + j);
    out[to + j] = ((byte & 15) + 16 * ((fifth >>> j) & 1) - 16) * d;
    out[to + j + 16] = ((byte >> 4) + 16 * ((fifth >>> (j + 16)) & 1) - 16) * d;
  }
}

function unpackQ5_1(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const m = half(block, at + 2);
  const fifth = block.getUint32(at + 4, true);
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(at + 8 + j);
    out[to + j] = ((byte & 15) + 16 * ((fifth >>> j) & 1)) * d + m;
    out[to + j + 16] = ((byte >> 4) + 16 * ((fifth >>> (j + 16)) & 1)) * d + m;
  }
}

function unpackQ8_0(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  for (let j = 0; j < 32; j++) out[to + j] = block.getInt8(at + 2 + j) * d;
}

// 256 elements in eight groups of 32 with 6-bit scales and minima, packed into 12 bytes, relative to two f16.

function scaleAndMinimum(block: DataView, at: number, group: number): [scale: number, minimum: number] {
  const byte = (i: number) => block.getUint8(at + i);
  if (group < 4) return [byte(group) & 63, byte(group + 4) & 63];
  return [(byte(group + 4) & 15) | ((byte(group - 4) >> 6) << 4), (byte(group + 4) >> 4) | ((byte(group) >> 6) << 4)];
}

function unpackQ4_K(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const dMin = half(block, at + 2);
  for (let group = 0; group < 8; group++) {
    const [scale, minimum] = scaleAndMinimum(block, at + 4, group);
    // Two groups share 32 bytes, the first in the low nibbles.
    const codes = at + 16 + 32 * (group >> 1);
    const shift = group & 1 ? 4 : 0;
    for (let l = 0; l < 32; l++) {
      const code = (block.getUint8(codes + l) >> shift) & 15;
      out[to + 32 * group + l] = d * scale * code - dMin * minimum;
    }
  }
}

function unpackQ5_K(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const dMin = half(block, at + 2);
  for (let group = 0; group < 8; group++) {
    const [scale, minimum] = scaleAndMinimum(block, at + 4, group);
    const codes = at + 48 + 32 * (group >> 1);
    const shift = group & 1 ? 4 : 0;
    for (let l = 0; l < 32; l++) {
      const fifth = (block.getUint8(at + 16 + l) >> group) & 1;
      const code = ((block.getUint8(codes + l) >> shift) & 15) + 16 * fifth;
      out[to + 32 * group + l] = d * scale * code - dMin * minimum;
    }
  }
}

// 256 elements of 6 bits: 128 bytes of low nibbles, 64 of upper pairs of bits, 16 int8 scales, an f16 scale of the scales.
// Each half of 128 elements is four runs of 32: runs 0 and 2 share bytes, and so do 1 and 3. Groups of 16 have a scale.
function unpackQ6_K(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at + 208);
  for (let group = 0; group < 16; group++) {
    const [part, run, first] = [group >> 3, (group >> 1) & 3, 16 * (group & 1)];
    const scale = d * block.getInt8(at + 192 + group);
    const lows = at + 64 * part + 32 * (run & 1) + first;
    const tops = at + 128 + 32 * part + first;
    const shift = run & 2 ? 4 : 0;
    for (let l = 0; l < 16; l++) {
      const low = (block.getUint8(lows + l) >> shift) & 15;
      const top = (block.getUint8(tops + l) >> (2 * run)) & 3;
      out[to + 16 * group + l] = scale * ((low | (top << 4)) - 32);
    }
  }
}

// Two bits a code. Each half of 256 elements is four runs of 32 that share 32 bytes; every 16 have a scale of their own.

function unpackQ2_K(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at + 80);
  const dMin = half(block, at + 82);
  for (let group = 0; group < 16; group++) {
    const [part, run, first] = [group >> 3, (group >> 1) & 3, 16 * (group & 1)];
    const scales = block.getUint8(at + group); // a scale below a minimum
    const [scale, minimum] = [d * (scales & 15), dMin * (scales >> 4)];
    const codes = at + 16 + 32 * part + first;
    for (let l = 0; l < 16; l++) {
      out[to + 16 * group + l] = scale * ((block.getUint8(codes + l) >> (2 * run)) & 3) - minimum;
    }
  }
}

// A third bit, which counts 4 where it is not set, and 6-bit scales in 12 bytes: low nibbles, then pairs of bits.
function unpackQ3_K(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at + 108);
  for (let group = 0; group < 16; group++) {
    const [part, run, first] = [group >> 3, (group >> 1) & 3, 16 * (group & 1)];
    const low = (block.getUint8(at + 96 + (group & 7)) >> (group < 8 ? 0 : 4)) & 15;
    const top = (block.getUint8(at + 104 + (group & 3)) >> (2 * (group >> 2))) & 3;
    const scale = d * ((low | (top << 4)) - 32);
    const codes = at + 32 + 32 * part + first;
    for (let l = 0; l < 16; l++) {
      const code = (block.getUint8(codes + l) >> (2 * run)) & 3;
      const third = (block.getUint8(at + first + l) >> (4 * part + run)) & 1;
      out[to + 16 * group + l] = scale * (third ? code : code - 4);
    }
  }
}

// Codes that stand for values of unequal distance.
const unequal = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113] as const;

function unpackIQ4_NL(block: DataView, at: number, out: Float32Array, to: number): void {
  unpackUnequal(block, at + 2, half(block, at), out, to);
}

// Eight groups of 32 with 6-bit scales: an f16, two bits of each scale, four bits of each, then the codes.
function unpackIQ4_XS(block: DataView, at: number, out: Float32Array, to: number): void {
  const d = half(block, at);
  const tops = block.getUint16(at + 2, true);
  for (let group = 0; group < 8; group++) {
    const low = (block.getUint8(at + 4 + (group >> 1)) >> (group & 1 ? 4 : 0)) & 15;
    const scale = (low | (((tops >> (2 * group)) & 3) << 4)) - 32;
    unpackUnequal(block, at + 8 + 16 * group, d * scale, out, to + 32 * group);
  }
}

function unpackUnequal(block: DataView, codes: number, d: number, out: Float32Array, to: number): void {
  for (let j = 0; j < 16; j++) {
    const byte = block.getUint8(codes + j);
    out[to + j] = unequal[byte & 15]! * d;
    out[to + j + 16] = unequal[byte >> 4]! * d;
  }
}
