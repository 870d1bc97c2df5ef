// A decoder's weights in a backend's memory, f32 or packed. Matrices that read the same input (query, key, value;
// gate, up) lie next to each other where their rows allow it, so that one operation computes them all.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int8Layout } from "../quant/int8.ts";
import type { Spec } from "../spec/spec.ts";
import { biasName, blockNames, embeddingName, finalNormName, headName } from "./layout.ts";
import { type MatrixFormat, matrixFormats, type WeightFormat } from "./matrix-formats.ts";

export type { WeightFormat } from "./matrix-formats.ts";

/** A matrix [rows, columns] in memory, which computes `rows` outputs starting at column `offset` of the output's rows. */
export interface Matrix {
  ptr: Ptr;
  rows: number;
  columns: number;
  offset: number;
}

/** Matrices over the same input: one, or several where padding keeps them apart. */
export type Stack = readonly Matrix[];

/** A norm's weight and bias (0: none). */
export interface NormWeights {
  weight: Ptr;
  bias: Ptr;
}

/** One block's weights. */
export interface BlockWeights {
  inputNorm: NormWeights;
  qkv: Stack;
  output: Stack;
  postNorm: NormWeights;
  /** gate then up, or up alone. */
  gateUp: Stack;
  down: Stack;
}

/** All weights of a decoder. `head` is `embedding` when they are tied. */
export interface Weights {
  format: WeightFormat;
  embedding: Stack;
  blocks: readonly BlockWeights[];
  finalNorm: NormWeights;
  head: Stack;
  /** Every tensor's place, in the order of the blocks. */
  places: readonly TensorPlace[];
  /** Memory they take. */
  bytes: number;
  free(): void;
}

/** Where one tensor lies: f32 values for a vector or an f32 matrix, the layout in memory for a packed matrix. */
export interface TensorPlace {
  name: string;
  ptr: Ptr;
  bytes: number;
  /** As in the spec: without the padding of packed matrices. */
  shape: readonly number[];
}

/** Puts the tensor `name` of `shape` into `target`; see {@link TensorPlace} for the form. */
export type FillTensor = (name: string, target: Uint8Array, shape: readonly number[]) => void;

/** Reserves memory for a model's weights, zeroed: `places` says what belongs where. @throws HandheldError `out-of-memory` */
export function createWeights(backend: Backend, spec: Spec, format: WeightFormat): Weights {
  const builder = new WeightBuilder(backend, format);
  try {
    return builder.build(spec);
  } catch (error) {
    builder.free();
    throw error;
  }
}

class WeightBuilder {
  private readonly pointers: Ptr[] = [];
  private readonly places: TensorPlace[] = [];
  private readonly backend: Backend;
  private readonly format: WeightFormat;
  private readonly matrices: MatrixFormat;

  constructor(backend: Backend, format: WeightFormat) {
    this.backend = backend;
    this.format = format;
    this.matrices = matrixFormats[format];
  }

  build(spec: Spec): Weights {
    const { width: C, ffnWidth: F, headSize: D } = spec;
    const embedding = this.stack([embeddingName], [spec.vocabulary], C);
    const blocks = Array.from({ length: spec.layers }, (_, i): BlockWeights => {
      const names = blockNames(spec, i);
      const kv = spec.kvHeads * D;
      const ffn = names.gate === undefined ? [names.up] : [names.gate, names.up];
      return {
        inputNorm: this.norm(spec, names.inputNorm),
        qkv: this.stack([names.query, names.key, names.value], [spec.heads * D, kv, kv], C),
        output: this.stack([names.output], [C], spec.heads * D),
        postNorm: this.norm(spec, names.postNorm),
        gateUp: this.stack(
          ffn,
          ffn.map(() => F),
          C,
        ),
        down: this.stack([names.down], [C], F),
      };
    });
    const finalNorm = this.norm(spec, finalNormName);
    const head = spec.tiedEmbeddings ? embedding : this.stack([headName], [spec.vocabulary], C);
    const { format, places } = this;
    const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
    return { format, embedding, blocks, finalNorm, head, places, bytes, free: () => this.free() };
  }

  free(): void {
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    return ptr;
  }

  private vector(name: string, length: number): Ptr {
    const ptr = this.reserve(4 * length);
    this.places.push({ name, ptr, bytes: 4 * length, shape: [length] });
    return ptr;
  }

  private norm(spec: Spec, name: string): NormWeights {
    return {
      weight: this.vector(name, spec.width),
      bias: spec.norm === "layer" ? this.vector(biasName(name), spec.width) : 0,
    };
  }

  // Adjacent matrices are one matrix with more rows: always in f32, packed when no padding (to 8 rows) lies between.
  private stack(names: readonly string[], rows: readonly number[], columns: number): Stack {
    const { bytes, joinRows } = this.matrices;
    const sizes = rows.map((count) => bytes(count, columns));
    const ptr = this.reserve(sizes.reduce((a, b) => a + b, 0));
    const parts: Matrix[] = [];
    let at = ptr;
    let offset = 0;
    names.forEach((name, i) => {
      this.places.push({ name, ptr: at, bytes: sizes[i]!, shape: [rows[i]!, columns] });
      parts.push({ ptr: at, rows: rows[i]!, columns, offset });
      at += sizes[i]!;
      offset += rows[i]!;
    });
    const joins = rows.slice(0, -1).every((count) => count % joinRows === 0);
    return joins ? [{ ptr, rows: offset, columns, offset: 0 }] : parts;
  }
}

/** Fills all weights, tensor by tensor. */
export function fillWeights(backend: Backend, weights: Weights, fill: FillTensor): void {
  for (const { name, ptr, bytes, shape } of weights.places) fill(name, backend.u8(ptr, bytes), shape);
}

/** Fills f32 weights from named tensors. @throws HandheldError `invalid-file` for a missing tensor or a wrong shape. */
export function fillFrom(
  tensors: Iterable<{ name: string; shape: readonly number[]; data: Float32Array }>,
): FillTensor {
  const byName = new Map([...tensors].map((tensor) => [tensor.name, tensor]));
  return (name, target, shape) => {
    const tensor = byName.get(name);
    if (tensor === undefined) throw new HandheldError("invalid-file", `the tensor ${name} is missing`);
    if (tensor.shape.join() !== shape.join()) {
      throw new HandheldError("invalid-file", `${name} is [${tensor.shape}], the spec asks for [${shape}]`);
    }
    new Float32Array(target.buffer, target.byteOffset, tensor.data.length).set(tensor.data);
  };
}

/**
 * Fills weights with random numbers of a trained model's scale, for timing: normal-like for f32, random codes with one
 * scale where packed. Deterministic by seed.
 */
export function randomFill(format: WeightFormat, seed: number): FillTensor {
  let state = (seed ^ 0x9e3779b9) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
  return (_name, target, shape) => {
    if (shape.length === 1) {
      new Float32Array(target.buffer, target.byteOffset, shape[0]).fill(1);
    } else if (format === "f32") {
      const values = new Float32Array(target.buffer, target.byteOffset, target.byteLength / 4);
      for (let i = 0; i < values.length; i++) values[i] = next() * (0.035 / 2 ** 31);
    } else if (format === "int8") {
      fillRandomInt8(target, shape[1]!, next);
    } else {
      fillRandomInt4(target, next);
    }
  };
}

// bf16 of 0.005: eight scales are the first 16 bytes of every 144-byte block (layout: src/quant/int4.ts).
const scaleWord = 0x3ba43ba4;

function fillRandomInt4(target: Uint8Array, next: () => number): void {
  if (target.byteLength % 144 !== 0) {
    throw new HandheldError("kernel", `an int4 matrix of ${target.byteLength} bytes is not made of 144-byte blocks`);
  }
  const words = new Int32Array(target.buffer, target.byteOffset, target.byteLength / 4);
  for (let block = 0; block < words.length; block += 36) {
    words.fill(scaleWord, block, block + 4);
    for (let i = block + 4; i < block + 36; i++) words[i] = next();
  }
}

// Codes whose scales stand before every panel of 8 rows (layout: src/quant/int8.ts).
function fillRandomInt8(target: Uint8Array, columns: number, next: () => number): void {
  const words = new Int32Array(target.buffer, target.byteOffset, target.byteLength / 4);
  const scales = new Float32Array(target.buffer, target.byteOffset, words.length);
  // −128 is no code: the lowest bit makes it −127.
  for (let i = 0; i < words.length; i++) words[i] = next() | 0x01010101;
  const { panelRows, codeAt } = int8Layout;
  const panelWords = codeAt(0, 32 * Math.ceil(columns / 32)) / 4;
  for (let panel = 0; panel < words.length; panel += panelWords) scales.fill(0.00028, panel, panel + panelRows);
}
