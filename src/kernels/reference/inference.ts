// Reference operations of inference on packed int4 weights and the KV cache.
// The integer arithmetic is the definition: other backends must get the same codes and the same integer sums.
import { type Backend, type KvFormat, type KvLayer, kvPageTokens } from "../backend.ts";
import type { Memory } from "./backend.ts";

type InferenceOps = Pick<
  Backend,
  | "gatherInt4"
  | "quantizeRows"
  | "matmulInt4"
  | "repackInt4"
  | "gatedRowsInt4"
  | "skipColumnsInt4"
  | "countShut"
  | "kvAppend"
  | "attentionCached"
>;

/** The operations of inference, over one memory. */
export function inferenceOps(memory: Memory): InferenceOps {
  const int4 = int4Ops(memory);
  return { ...int4, ...skipOps(memory, int4), ...cacheOps(memory) };
}

/** Code (0..15) and scale of element (row, k) of a packed table with K columns; layout of src/quant/int4.ts. */
function packedElement({ u8, u16 }: Memory, table: number, row: number, k: number, K: number) {
  const block = table + 144 * ((row >> 3) * Math.ceil(K / 32) + (k >> 5));
  const vector = ((k & 15) >> 2) * 2 + ((row & 7) >> 2);
  const byte = u8[block + 16 + 16 * vector + 4 * (row & 3) + (k & 3)]!;
  return { code: k & 16 ? byte >> 4 : byte & 15, scale: bf16(u16[block / 2 + (row & 7)]!) };
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The number that 16 bits of bf16 stand for: the upper half of an f32. */
function bf16(value: number): number {
  bits[0] = value << 16;
  return word[0]!;
}

/** Nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Codes −127..127 of a row of n floats, and their scale: max|x|/127 in f32. Rows below 1e-30 count as zero. */
export function quantizeInt8(f32: Float32Array, at: number, n: number): { codes: number[]; scale: number } {
  let limit = 0;
  for (let k = 0; k < n; k++) limit = Math.max(limit, Math.abs(f32[at + k]!));
  if (limit < 1e-30) return { codes: new Array(n).fill(0), scale: 0 };
  const factor = Math.fround(127 / limit);
  const codes = Array.from({ length: n }, (_, k) => roundHalfEven(Math.fround(f32[at + k]! * factor)));
  return { codes, scale: Math.fround(limit / 127) };
}

function int4Ops(memory: Memory) {
  const { f32, i8, i32 } = memory;
  return {
    gatherInt4(out, table, ids, N, C) {
      for (let i = 0; i < N; i++) {
        for (let k = 0; k < C; k++) {
          const { code, scale } = packedElement(memory, table, i32[ids / 4 + i]!, k, C);
          f32[out / 4 + i * C + k] = (code - 8) * scale;
        }
      }
    },
    // The reference's own layout: N f32 scales, then int8 codes [N,K].
    quantizeRows(out, x, N, K) {
      for (let i = 0; i < N; i++) {
        const { codes, scale } = quantizeInt8(f32, x / 4 + i * K, K);
        f32[out / 4 + i] = scale;
        i8.set(codes, out + 4 * N + i * K);
      }
    },
    matmulInt4(out, x, w, N, M, K, ldc, accumulate) {
      for (let m = 0; m < M; m++) {
        const row = Array.from({ length: K }, (_, k) => packedElement(memory, w, m, k, K));
        for (let i = 0; i < N; i++) {
          const codes = x + 4 * N + i * K;
          let sum = 0;
          for (let block = 0; block < K; block += 32) {
            let products = 0;
            for (let k = block; k < Math.min(K, block + 32); k++) products += (row[k]!.code - 8) * i8[codes + k]!;
            sum += products * row[block]!.scale;
          }
          const at = out / 4 + i * ldc + m;
          f32[at] = (accumulate ? f32[at]! : 0) + Math.fround(Math.fround(sum) * f32[x / 4 + i]!);
        }
      }
    },
  } satisfies Partial<Backend>;
}

// Nothing is skipped here: the layouts are the file's own, and a product with zeros is what skipping must equal.
function skipOps({ f32, i32, u8 }: Memory, { matmulInt4 }: Pick<Backend, "matmulInt4">) {
  return {
    repackInt4(out, w, M, K) {
      u8.copyWithin(out, w, w + Math.ceil(M / 8) * Math.ceil(K / 32) * 144);
    },
    gatedRowsInt4(out, gate, x, w, M, K, activation) {
      matmulInt4(out, x, w, 1, M, K, M, false);
      for (let m = 0; m < M; m++) {
        const value = f32[gate / 4 + m]!;
        const open = value <= 0 ? 0 : activation === "relu2" ? Math.fround(value * value) : value;
        f32[out / 4 + m] = open === 0 ? 0 : open * f32[out / 4 + m]!;
      }
    },
    skipColumnsInt4(out, x, w, M, K, accumulate) {
      matmulInt4(out, x, w, 1, M, K, M, accumulate);
    },
    countShut(out, gate, n) {
      for (let i = 0; i < n; i++) if (f32[gate / 4 + i]! <= 0) i32[out / 4] = i32[out / 4]! + 1;
    },
  } satisfies Partial<Backend>;
}

/** The keys, or the values, of a layer. */
interface Side {
  pages: number;
  offset: number;
  format: KvFormat;
  isKey: boolean;
}

/** Index of each element of a row, and of its scale (int8 only). */
interface Place {
  at(d: number): number;
  scale: number;
}

function cacheOps({ f32, i8, i32 }: Memory) {
  /** Where token s of head k lies. Int8 codes lie in pairs: of a key two numbers, of values two tokens. */
  const place = ({ pages, offset, format, isKey }: Side, s: number, k: number, K: number, D: number): Place => {
    const page = i32[pages / 4 + Math.floor(s / kvPageTokens)]! + offset;
    const token = s % kvPageTokens;
    const head = k * kvPageTokens * D;
    if (format === "f32") return { at: (d) => page / 4 + head + token * D + d, scale: 0 };
    const pair = isKey
      ? (d: number) => Math.floor(d / 2) * kvPageTokens * 2 + token * 2 + (d % 2)
      : (d: number) => Math.floor(token / 2) * D * 2 + d * 2 + (token % 2);
    return { at: (d) => page + head + pair(d), scale: (page + K * kvPageTokens * D) / 4 + k * kvPageTokens + token };
  };
  const element = ({ format }: Side, { at, scale }: Place, d: number) =>
    format === "f32" ? f32[at(d)]! : i8[at(d)]! * f32[scale]!;
  const sides = ({ pages, keys, values, format }: KvLayer): [keys: Side, values: Side] => [
    { pages, offset: keys, format, isKey: true },
    { pages, offset: values, format, isKey: false },
  ];
  const append = (side: Side, x: number, N: number, position: number, K: number, D: number, stride: number) => {
    for (let i = 0; i < N; i++) {
      for (let k = 0; k < K; k++) {
        const from = x / 4 + i * stride + k * D;
        const { at, scale } = place(side, position + i, k, K, D);
        if (side.format === "f32") {
          f32.copyWithin(at(0), from, from + D);
        } else {
          const quantized = quantizeInt8(f32, from, D);
          quantized.codes.forEach((code, d) => {
            i8[at(d)] = code;
          });
          f32[scale] = quantized.scale;
        }
      }
    }
  };
  return {
    kvAppend(cache, k, v, N, position, K, D, stride) {
      const [keys, values] = sides(cache);
      append(keys, k, N, position, K, D, stride);
      append(values, v, N, position, K, D, stride);
    },
    attentionCached(out, q, cache, N, position, H, K, D, stride, how = { window: 0, cap: 0, slopes: 0 }) {
      const [keys, values] = sides(cache);
      for (let i = 0; i < N; i++) {
        const oldest = how.window > 0 ? Math.max(0, position + i + 1 - how.window) : 0;
        for (let h = 0; h < H; h++) {
          const k = Math.floor(h / (H / K));
          const tokens = Array.from({ length: position + i + 1 - oldest }, (_, s) => oldest + s);
          const keyPlaces = tokens.map((s) => place(keys, s, k, K, D));
          const valuePlaces = tokens.map((s) => place(values, s, k, K, D));
          const query = f32.slice(q / 4 + i * stride + h * D, q / 4 + i * stride + h * D + D);
          const slope = how.slopes ? f32[how.slopes / 4 + h]! : 0;
          const scores = keyPlaces.map((index, s) => {
            const score = query.reduce((sum, x, d) => sum + x * element(keys, index, d), 0) / Math.sqrt(D);
            const capped = how.cap > 0 ? how.cap * Math.tanh(score / how.cap) : score;
            return capped + slope * (tokens[s]! - position - i);
          });
          const most = Math.max(...scores);
          const weights = scores.map((score) => Math.exp(score - most));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          for (let d = 0; d < D; d++) {
            const sum = weights.reduce((all, weight, s) => all + weight * element(values, valuePlaces[s]!, d), 0);
            f32[out / 4 + i * H * D + h * D + d] = sum / total;
          }
        }
      }
    },
  } satisfies Partial<Backend>;
}
