// A decoder's weights in a backend's memory, f32 or packed int4. Matrices that read the same input (query, key, value;
// gate, up) lie next to each other where their rows allow it, so that one operation computes them all.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int4Bytes } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import { biasName, blockNames, embeddingName, finalNormName, headName } from "./layout.ts";

/** How a decoder stores its matrices. Norms are always f32. */
export type WeightFormat = "f32" | "int4";

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
  /** Memory they take. */
  bytes: number;
  free(): void;
}

/**
 * Puts the tensor `name` into `target`: f32 values for a vector or an f32 matrix, packed bytes for an int4 matrix
 * ([rows, columns] as given).
 */
export type FillTensor = (name: string, target: Uint8Array, shape: readonly number[]) => void;

/** Reserves memory for a model's weights and fills it tensor by tensor. @throws HandheldError `out-of-memory` */
export function createWeights(backend: Backend, spec: Spec, format: WeightFormat, fill: FillTensor): Weights {
  const builder = new WeightBuilder(backend, format, fill);
  try {
    return builder.build(spec);
  } catch (error) {
    builder.free();
    throw error;
  }
}

class WeightBuilder {
  private readonly pointers: Ptr[] = [];
  private bytes = 0;
  private readonly backend: Backend;
  private readonly format: WeightFormat;
  private readonly fill: FillTensor;

  constructor(backend: Backend, format: WeightFormat, fill: FillTensor) {
    this.backend = backend;
    this.format = format;
    this.fill = fill;
  }

  build(spec: Spec): Weights {
    const { width: C, ffnWidth: F, headSize: D } = spec;
    const embedding = this.matrix(embeddingName, spec.vocabulary, C);
    const blocks = Array.from({ length: spec.layers }, (_, i): BlockWeights => {
      const names = blockNames(spec, i);
      const kv = spec.kvHeads * D;
      return {
        inputNorm: this.norm(spec, names.inputNorm),
        qkv: this.stack([names.query, names.key, names.value], [spec.heads * D, kv, kv], C),
        output: this.matrix(names.output, C, spec.heads * D),
        postNorm: this.norm(spec, names.postNorm),
        gateUp:
          names.gate === undefined ? this.stack([names.up], [F], C) : this.stack([names.gate, names.up], [F, F], C),
        down: this.matrix(names.down, C, F),
      };
    });
    const finalNorm = this.norm(spec, finalNormName);
    const head = spec.tiedEmbeddings ? embedding : this.matrix(headName, spec.vocabulary, C);
    return { format: this.format, embedding, blocks, finalNorm, head, bytes: this.bytes, free: () => this.free() };
  }

  free(): void {
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    this.bytes += bytes;
    return ptr;
  }

  private vector(name: string, length: number): Ptr {
    const ptr = this.reserve(4 * length);
    this.fill(name, this.backend.u8(ptr, 4 * length), [length]);
    return ptr;
  }

  private norm(spec: Spec, name: string): NormWeights {
    return {
      weight: this.vector(name, spec.width),
      bias: spec.norm === "layer" ? this.vector(biasName(name), spec.width) : 0,
    };
  }

  private matrix(name: string, rows: number, columns: number): Stack {
    return this.stack([name], [rows], columns);
  }

  private matrixBytes(rows: number, columns: number): number {
    return this.format === "f32" ? 4 * rows * columns : int4Bytes(rows, columns);
  }

  // Adjacent matrices are one matrix with more rows: always in f32, in int4 when no padding (to 8 rows) lies between.
  private stack(names: readonly string[], rows: readonly number[], columns: number): Stack {
    const sizes = rows.map((count) => this.matrixBytes(count, columns));
    const ptr = this.reserve(sizes.reduce((a, b) => a + b, 0));
    const parts: Matrix[] = [];
    let at = ptr;
    let offset = 0;
    names.forEach((name, i) => {
      this.fill(name, this.backend.u8(at, sizes[i]!), [rows[i]!, columns]);
      parts.push({ ptr: at, rows: rows[i]!, columns, offset });
      at += sizes[i]!;
      offset += rows[i]!;
    });
    const joins = this.format === "f32" || rows.slice(0, -1).every((count) => count % 8 === 0);
    return joins ? [{ ptr, rows: offset, columns, offset: 0 }] : parts;
  }
}

/** Fills f32 weights from named tensors. @throws HandheldError `invalid-file` for a missing tensor or a wrong shape. */
export function fillFrom(tensors: Iterable<{ name: string; shape: readonly number[]; data: Float32Array }>): FillTensor {
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
 * scale for int4. Deterministic by seed.
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
