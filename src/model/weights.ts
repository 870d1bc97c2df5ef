// A decoder's weights in a backend's memory, f32 or packed. Matrices that read the same input (query, key, value;
// gate, up) lie next to each other where their rows allow it, so that one operation computes them all.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int8Layout } from "../quant/int8.ts";
import { layerShape, type Spec } from "../spec/spec.ts";
import {
  type BlockNames,
  biasName,
  blockNames,
  embeddingInName,
  embeddingName,
  embeddingNormName,
  embeddingOutName,
  finalNormName,
  headName,
  positionsName,
} from "./layout.ts";
import { type MatrixFormat, matrixFormats, type WeightFormat } from "./matrix-formats.ts";

export type { WeightFormat } from "./matrix-formats.ts";

/** A matrix [rows, columns] in memory, which computes `rows` outputs starting at column `offset` of the output's rows. */
export interface Matrix {
  ptr: Ptr;
  rows: number;
  columns: number;
  offset: number;
}

/** A linear layer: one matrix, or several over the same input where padding keeps them apart, and a bias (0: none). */
export interface Linear {
  parts: readonly Matrix[];
  /** Outputs of all parts together. */
  rows: number;
  columns: number;
  bias: Ptr;
}

/** A norm's weight and bias (0: none). */
export interface NormWeights {
  weight: Ptr;
  bias: Ptr;
}

/** What latent attention has instead of one projection to queries, keys and values. */
export interface LatentWeights {
  queryDown: Linear;
  queryDownNorm: NormWeights;
  query: Linear;
  keyValueDown: Linear;
  keyValueDownNorm: NormWeights;
  keyValue: Linear;
}

/** One block's weights. */
export interface BlockWeights {
  inputNorm: NormWeights;
  /** null with latent attention. */
  qkv: Linear | null;
  latent: LatentWeights | null;
  queryNorm: NormWeights | null;
  keyNorm: NormWeights | null;
  output: Linear;
  outputNorm: NormWeights | null;
  postNorm: NormWeights;
  /** gate then up, or up alone. */
  gateUp: Linear;
  down: Linear;
  downNorm: NormWeights | null;
}

/** All weights of a decoder. `head` is `embedding` when they are tied. */
export interface Weights {
  format: WeightFormat;
  embedding: Linear;
  /** From the embedding's width to the model's and back, where they differ. */
  embeddingIn: Linear | null;
  embeddingOut: Linear | null;
  /** Learned positions f32 [context, C]; 0: none. */
  positions: Ptr;
  embeddingNorm: NormWeights | null;
  blocks: readonly BlockWeights[];
  /** null where the last block ends with a norm. */
  finalNorm: NormWeights | null;
  head: Linear;
  /** Every tensor's place, in the order of the blocks. */
  places: readonly TensorPlace[];
  /** Memory they take. */
  bytes: number;
  free(): void;
}

/** Where one tensor lies: f32 values, or a packed matrix in its layout in memory. */
export interface TensorPlace {
  name: string;
  ptr: Ptr;
  bytes: number;
  /** As in the spec: without the padding of packed matrices. */
  shape: readonly number[];
  format: WeightFormat;
}

/** Puts the tensor `name` of `shape` into `target`; see {@link TensorPlace} for the form. */
export type FillTensor = (name: string, target: Uint8Array, shape: readonly number[], format: WeightFormat) => void;

/**
 * Reserves memory for a model's weights, zeroed: `places` says what belongs where. With `place`, matrices are where it
 * says, in memory of the caller's: they have contents already and are not freed with the rest.
 * @throws HandheldError `out-of-memory`
 */
export function createWeights(
  backend: Backend,
  spec: Spec,
  format: WeightFormat,
  place?: (bytes: number) => Ptr,
): Weights {
  const builder = new WeightBuilder(backend, format, place);
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
  private readonly place: (bytes: number) => Ptr;

  constructor(backend: Backend, format: WeightFormat, place?: (bytes: number) => Ptr) {
    this.backend = backend;
    this.format = format;
    this.matrices = matrixFormats[format];
    this.place = place ?? ((bytes) => this.reserve(bytes));
  }

  build(spec: Spec): Weights {
    const { width: C, embeddingWidth: E, vocabulary: V } = spec;
    const embedding = this.linear([embeddingName], [V], E);
    const embeddingIn = E === C ? null : this.linear([embeddingInName], [C], E);
    const embeddingOut = E === C ? null : this.linear([embeddingOutName], [E], C);
    const positions = spec.positions === "learned" ? this.floats(positionsName, [spec.context, C]) : 0;
    const embeddingNorm = spec.embeddingNorm ? this.norm(spec, embeddingNormName, C) : null;
    const blocks: BlockWeights[] = [];
    for (let i = 0; i < spec.layers; i++) blocks.push(this.block(spec, i, blocks[0]));
    const finalNorm = spec.normPlacement === "post" ? null : this.norm(spec, finalNormName, C);
    const tied = { ...embedding, bias: spec.headBias ? this.floats(biasName(headName), [V]) : 0 };
    const head = spec.tiedEmbeddings ? tied : { ...this.linear([headName], [V], E), bias: tied.bias };
    const { format, places } = this;
    const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
    return {
      format,
      embedding,
      embeddingIn,
      embeddingOut,
      positions,
      embeddingNorm,
      blocks,
      finalNorm,
      head,
      places,
      bytes,
      free: () => this.free(),
    };
  }

  free(): void {
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
  }

  private block(spec: Spec, i: number, first: BlockWeights | undefined): BlockWeights {
    const { width: C, headSize: D } = spec;
    const { heads, kvHeads } = layerShape(spec, i);
    const [query, kv] = [heads * D, kvHeads * D];
    const names = blockNames(spec, i);
    const norm = (name: string | undefined, width: number) => (name ? this.norm(spec, name, width) : null);
    const inputNorm = this.norm(spec, names.inputNorm, C);
    const latent = spec.latent === null ? null : this.latent(spec, names, query, kv);
    const qkv = latent ? null : this.linear([names.query, names.key, names.value], [query, kv, kv], C, spec.qkvBias);
    return {
      inputNorm,
      latent,
      qkv,
      queryNorm: norm(names.queryNorm, query),
      keyNorm: norm(names.keyNorm, kv),
      output: this.linear([names.output], [C], query, spec.outputBias),
      outputNorm: norm(names.outputNorm, C),
      postNorm: this.norm(spec, names.postNorm, C),
      ...(spec.sharedFfn && first ? { gateUp: first.gateUp, down: first.down } : this.ffn(spec, i, names)),
      downNorm: norm(names.downNorm, C),
    };
  }

  private latent(spec: Spec, names: BlockNames, query: number, kv: number): LatentWeights {
    const { query: rq, keyValue: rkv } = spec.latent!;
    const shared = rkv + spec.ropeSize;
    return {
      queryDown: this.linear([names.queryDown!], [rq], spec.width, spec.qkvBias),
      queryDownNorm: this.norm(spec, names.queryDownNorm!, rq),
      query: this.linear([names.query], [query], rq),
      keyValueDown: this.linear([names.keyValueDown!], [shared], spec.width, spec.qkvBias),
      keyValueDownNorm: this.norm(spec, names.keyValueDownNorm!, rkv),
      keyValue: this.linear([names.key, names.value], [kv, kv], shared),
    };
  }

  private ffn(spec: Spec, i: number, { gate, up, down }: BlockNames): Pick<BlockWeights, "gateUp" | "down"> {
    const { width: C, ffnBias } = spec;
    const { ffnWidth: F } = layerShape(spec, i);
    const names = gate === undefined ? [up] : [gate, up];
    const rows = names.map(() => F);
    return { gateUp: this.linear(names, rows, C, ffnBias), down: this.linear([down], [C], F, ffnBias) };
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    return ptr;
  }

  private floats(name: string, shape: readonly number[]): Ptr {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    const ptr = this.reserve(bytes);
    this.places.push({ name, ptr, bytes, shape, format: "f32" });
    return ptr;
  }

  private norm(spec: Spec, name: string, width: number): NormWeights {
    const weight = this.floats(name, [width]);
    return { weight, bias: spec.norm === "layer" ? this.floats(biasName(name), [width]) : 0 };
  }

  // Adjacent matrices are one matrix with more rows: always in f32, packed when no padding (to 8 rows) lies between.
  private linear(names: readonly string[], rows: readonly number[], columns: number, bias = false): Linear {
    const { format } = this;
    const { bytes, joinRows } = this.matrices;
    const sizes = rows.map((count) => bytes(count, columns));
    const ptr = this.place(sum(sizes));
    const parts: Matrix[] = [];
    let at = ptr;
    let offset = 0;
    names.forEach((name, i) => {
      this.places.push({ name, ptr: at, bytes: sizes[i]!, shape: [rows[i]!, columns], format });
      parts.push({ ptr: at, rows: rows[i]!, columns, offset });
      at += sizes[i]!;
      offset += rows[i]!;
    });
    const joins = rows.slice(0, -1).every((count) => count % joinRows === 0);
    return {
      parts: joins ? [{ ptr, rows: offset, columns, offset: 0 }] : parts,
      rows: offset,
      columns,
      bias: bias ? this.biases(names, rows) : 0,
    };
  }

  /** The biases of adjacent matrices, adjacent too. */
  private biases(names: readonly string[], rows: readonly number[]): Ptr {
    const ptr = this.reserve(4 * sum(rows));
    let at = ptr;
    names.forEach((name, i) => {
      const bytes = 4 * rows[i]!;
      this.places.push({ name: biasName(name), ptr: at, bytes, shape: [rows[i]!], format: "f32" });
      at += bytes;
    });
    return ptr;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Fills all weights, tensor by tensor. */
export function fillWeights(backend: Backend, weights: Weights, fill: FillTensor): void {
  for (const { name, ptr, bytes, shape, format } of weights.places) {
    fill(name, backend.u8(ptr, bytes), shape, format);
  }
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
 * scale where packed; norms do nothing. Deterministic by seed.
 */
export function randomFill(seed: number): FillTensor {
  let state = (seed ^ 0x9e3779b9) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
  return (name, target, shape, format) => {
    if (shape.length === 1) {
      new Float32Array(target.buffer, target.byteOffset, shape[0]).fill(name.endsWith(".bias") ? 0 : 1);
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
