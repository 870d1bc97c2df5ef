// Reference of what makes packed weights of floats, and of int8 matrices: numbers as ../backend.ts says, every f32 rounding
// written out, so that other backends agree bit for bit.
import { toBf16 } from "../../quant/bf16.ts";
import { int4Bytes } from "../../quant/int4.ts";
import { int8Bytes, int8Layout, packInt8Row } from "../../quant/int8.ts";
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";
import { groupCodes, groupScale } from "./fake-quantize.ts";

const { fround } = Math;

/** The operations over one memory. */
export function packingOps(memory: Memory) {
  return { ...int4Packing(memory), ...int8Packing(memory), ...int8Products(memory) };
}

function int4Packing({ f32, i32, u8 }: Memory) {
  return {
    widen(out, x, n, format) {
      for (let i = 0; i < n; i++) {
        const half = u8[x + 2 * i]! | (u8[x + 2 * i + 1]! << 8);
        i32[out / 4 + i] = format === "bf16" ? half << 16 : widenHalf(half);
      }
    },
    packInt4(out, w, rows, columns, faults) {
      u8.fill(0x88, out, out + int4Bytes(rows, columns));
      const blocks = Math.ceil(columns / 32);
      for (let row = 0; row < Math.ceil(rows / 8) * 8; row++) {
        for (let block = 0; block < blocks; block++) {
          const at = w / 4 + row * columns + 32 * block;
          const group = row < rows ? f32.slice(at, at + Math.min(32, columns - 32 * block)) : new Float32Array(1);
          const scale = groupScale(group);
          if (Number.isNaN(scale) && faults !== 0) i32[faults / 4] = i32[faults / 4]! + 1;
          const to = out + 144 * ((row >> 3) * blocks + block);
          const bits = Number.isNaN(scale) ? 0x7fc0 : toBf16(scale);
          u8[to + 2 * (row & 7)] = bits & 255;
          u8[to + 2 * (row & 7) + 1] = bits >> 8;
          const codes = scale ? groupCodes(group, scale) : [];
          codes.forEach((code, k) => {
            const byte = to + 16 + 16 * (2 * ((k & 15) >> 2) + ((row & 7) >> 2)) + 4 * (row & 3) + (k & 3);
            u8[byte] = k < 16 ? (u8[byte]! & 0xf0) | (code + 8) : (u8[byte]! & 15) | ((code + 8) << 4);
          });
        }
      }
    },
  } satisfies Partial<Backend>;
}

/** The bits of the f32 that a half of IEEE stands for; a NaN's payload moves up with the rest. */
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 31;
  let fraction = half & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal is f · 2⁻²⁴: shifted until its first bit is the one that f32 leaves out.
  let power = 113;
  for (; fraction < 1024; fraction *= 2) power--;
  return sign | (power << 23) | ((fraction & 1023) << 13);
}

function int8Packing({ f32, i8, i32, u8 }: Memory) {
  const put = (out: number, row: number, columns: number, codes: ArrayLike<number>, scale: number) => {
    const panel = out + Math.floor(row / 8) * int8Bytes(8, columns);
    f32[panel / 4 + (row & 7)] = scale;
    for (let k = 0; k < codes.length; k++) i8[panel + int8Layout.codeAt(row & 7, k)] = codes[k]!;
  };
  return {
    packInt8(out, w, rows, columns, faults) {
      u8.fill(0, out, out + int8Bytes(rows, columns));
      for (let row = 0; row < rows; row++) {
        const codes = new Int8Array(columns);
        const scale = packInt8Row(f32, w / 4 + row * columns, columns, codes, 0);
        if (Number.isNaN(scale) && faults !== 0) i32[faults / 4] = i32[faults / 4]! + 1;
        put(out, row, columns, codes, scale);
      }
    },
    repackInt8(out, codes, scales, rows, columns) {
      u8.fill(0, out, out + int8Bytes(rows, columns));
      for (let row = 0; row < rows; row++) {
        const from = codes + row * columns;
        put(out, row, columns, i8.slice(from, from + columns), f32[scales / 4 + row]!);
      }
    },
  } satisfies Partial<Backend>;
}

function int8Products({ f32, i8, i32 }: Memory) {
  const panelOf = (w: number, row: number, K: number) => w + Math.floor(row / 8) * int8Bytes(8, K);
  return {
    gatherInt8(out, table, ids, N, C) {
      for (let i = 0; i < N; i++) {
        const id = i32[ids / 4 + i]!;
        const panel = panelOf(table, id, C);
        for (let k = 0; k < C; k++) {
          f32[out / 4 + i * C + k] = i8[panel + int8Layout.codeAt(id & 7, k)]! * f32[panel / 4 + (id & 7)]!;
        }
      }
    },
    // x as the reference's quantizeRows leaves it: N f32 scales, then int8 codes [N,K].
    matmulInt8(out, x, w, N, M, K, ldc, accumulate) {
      for (let m = 0; m < M; m++) {
        const panel = panelOf(w, m, K);
        const row = Array.from({ length: K }, (_, k) => i8[panel + int8Layout.codeAt(m & 7, k)]!);
        for (let i = 0; i < N; i++) {
          let sum = 0;
          for (let k = 0; k < K; k++) sum += row[k]! * i8[x + 4 * N + i * K + k]!;
          const value = fround(fround(fround(sum) * f32[panel / 4 + (m & 7)]!) * f32[x / 4 + i]!);
          const at = out / 4 + i * ldc + m;
          f32[at] = (accumulate ? f32[at]! : 0) + value;
        }
      }
    },
  } satisfies Partial<Backend>;
}
