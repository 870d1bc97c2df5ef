// The decoder-only transformer as training sees it: every weight in one f32 buffer, the forward pass on a tape.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { blockMatrices, forwardFlops } from "../spec/arithmetic.ts";
import { type Spec, untrainable } from "../spec/spec.ts";
import {
  activate,
  addLinear,
  attention,
  type Choices,
  choiceCrossEntropy,
  crossEntropy,
  dropout,
  embedding,
  gather,
  type LinearOptions,
  layerNorm,
  linear,
  type Parameter,
  Parameters,
  rmsNorm,
  rope,
  type Segments,
  scale,
  Tape,
  type Tensor,
} from "../tensor/index.ts";
import {
  type Initialization,
  type InitialVectors,
  initializeWeights,
  loadWeights,
  type NamedTensor,
} from "./initialize.ts";
import {
  type BlockNames,
  biasName,
  blockNames,
  embeddingName,
  finalNormName,
  headName,
  tensorShapes,
} from "./layout.ts";
import { adapterNames, adapterShapes, initializeAdapters, type LoraOptions, mergeAdapter } from "./lora.ts";
import { ropeTable } from "./positions.ts";

export type { NamedTensor } from "./initialize.ts";

/** Options of {@link createTrainable}. */
export interface TrainableOptions {
  /** Seed of the random weights. Default 1. */
  seed?: number | undefined;
  /** How they are drawn. Default `gpt2`. */
  init?: Initialization | undefined;
  /** What the random embeddings begin with besides chance. Default: nothing. */
  vectors?: InitialVectors | undefined;
  /** Start from these weights (by name) instead of random ones. */
  weights?: Iterable<NamedTensor> | undefined;
  /** Train low-rank adapters on all linear layers and keep the weights themselves. */
  lora?: LoraOptions | null | undefined;
}

/** Sequences of one batch end to end, without padding: N tokens in all, M of them with a loss. */
export interface TokenBatch {
  /** Inputs [N] and each one's position in its sequence [N]. */
  ids: Int32Array;
  positions: Int32Array;
  /** Sequence s is rows cu[s]..cu[s+1); [sequences + 1]. */
  cu: Int32Array;
  /** Rows that have a target [M], ascending; what they should predict [M]; how much each counts [M]. */
  rows: Int32Array;
  targets: Int32Array;
  weights: Float32Array;
  /**
   * The tokens that each row chooses among: ids[offsets[i]..offsets[i+1]) for row i, offsets [M + 1]. Absent: the whole
   * vocabulary.
   */
  choices?: { offsets: Int32Array; ids: Int32Array } | undefined;
}

/** Options of {@link TrainableModel.loss}. */
export interface LossOptions {
  /** Factor of all loss weights. Default 1. */
  scale?: number | undefined;
  /** Add the gradients to those of `parameters`. Default false. */
  gradients?: boolean | undefined;
  /** Share of the embedding's and of each residual branch's output that is dropped. Default 0. */
  dropout?: number | undefined;
  labelSmoothing?: number | undefined;
  /**
   * Compute with the matrices as int4 would hold them; gradients pass to the weights themselves, unchanged (the
   * straight-through estimator, Bengio et al. 2013, section 4.2). No effect with adapters: what is stored is the sum of
   * a weight and its adapter, which does not exist while they are trained. Default false.
   */
  quantized?: boolean | undefined;
  /** Seed of the dropout masks. Default 0. */
  seed?: number | undefined;
}

/** A model that can be trained. */
export interface TrainableModel {
  readonly backend: Backend;
  readonly spec: Spec;
  /** What an optimiser updates: all weights, or the adapters. */
  readonly parameters: Parameters;
  /**
   * scale · Σ weight · cross-entropy over the batch's targets, in nats.
   * @throws HandheldError `invalid-data` on a token id outside the vocabulary or a position outside the context.
   */
  loss(batch: TokenBatch, options?: LossOptions): number;
  /** FLOPs of forward and backward on this batch: matrix products and attention, nothing recomputed. */
  flops(batch: TokenBatch): number;
  /** Copies of all weights under their Hugging Face names, adapters merged in. */
  tensors(): NamedTensor[];
  /** Returns its memory to the backend. */
  close(): void;
}

/**
 * Creates a model to train, with random weights (see `initializeWeights`) unless others are given.
 *
 * @throws HandheldError `out-of-memory`, `invalid-file` when `weights` lacks a tensor or has one of another shape, or
 *   `unsupported` for an architecture that only runs here.
 */
export function createTrainable(backend: Backend, spec: Spec, options: TrainableOptions = {}): TrainableModel {
  const option = untrainable(spec);
  if (option !== null)
    throw new HandheldError("unsupported", `an architecture with ${option} runs here, but is not trained`);
  return new TrainableDecoder(backend, spec, options);
}

/** A batch's indices in the backend's memory. */
interface Placed extends Segments {
  N: number;
  ids: Ptr;
  positions: Ptr;
  /** The rows with a target. */
  rows: Ptr;
  M: number;
}

class TrainableDecoder implements TrainableModel {
  readonly backend: Backend;
  readonly spec: Spec;
  readonly parameters: Parameters;
  private readonly weights: Parameters;
  private readonly lora: LoraOptions | null;
  private readonly table: Ptr;
  private readonly tape: Tape;
  private branchDropout = 0;
  /** From a matrix to what is computed with: 0, or the bytes to its rounded copy in this step's memory. */
  private shift = 0;

  constructor(backend: Backend, spec: Spec, options: TrainableOptions) {
    this.backend = backend;
    this.spec = spec;
    this.lora = options.lora ?? null;
    this.tape = new Tape(backend);
    this.weights = new Parameters(backend, tensorShapes(spec), this.lora === null);
    this.parameters = this.lora ? new Parameters(backend, adapterShapes(spec, this.lora.rank)) : this.weights;
    const table = ropeTable(spec);
    this.table = backend.alloc(table.byteLength);
    backend.f32(this.table, table.length).set(table);
    try {
      this.initialize(options);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  loss(batch: TokenBatch, options: LossOptions = {}): number {
    this.check(batch);
    if (batch.rows.length === 0) return 0;
    const { tape } = this;
    tape.begin({ gradients: options.gradients ?? false, seed: options.seed });
    this.branchDropout = options.dropout ?? 0;
    const factor = options.scale ?? 1;
    const placed = this.place(batch);
    const targets = tape.integers(batch.targets);
    const weights = tape.floats(batch.weights.map((weight) => weight * factor));
    this.shift = options.quantized && !this.lora ? this.quantize() : 0;
    const head = this.matrix(this.spec.tiedEmbeddings ? embeddingName : headName);
    const smoothing = options.labelSmoothing;
    const choices = this.placeChoices(batch);
    const x = this.hidden(placed);
    const result = choices
      ? choiceCrossEntropy(tape, x, head, { targets, weights }, choices, smoothing)
      : crossEntropy(tape, x, head, { targets, weights }, { smoothing });
    if (tape.recording) tape.backward();
    return result.read();
  }

  flops(batch: TokenBatch): number {
    const { spec } = this;
    const head = 2 * spec.vocabulary * spec.width;
    let forward = batch.choices ? 2 * spec.width * batch.choices.ids.length : head * batch.rows.length;
    for (let s = 1; s < batch.cu.length; s++) {
      forward += forwardFlops(spec, { tokens: batch.cu[s]! - batch.cu[s - 1]! }) - head;
    }
    // Behind the last attention only rows with a target are computed.
    const behind = blockMatrices(spec).slice(3);
    const perRow = behind.reduce((sum, [rows, columns]) => sum + 2 * rows * columns, 0);
    forward -= perRow * (batch.ids.length - batch.rows.length);
    // The backward pass costs a product for the inputs and, where the weights are trained, one for them.
    return forward * (this.lora ? 2 : 3);
  }

  tensors(): NamedTensor[] {
    return this.weights.shapes.map(({ name, shape }) => {
      const data = this.weights.view(name).slice();
      if (this.lora) mergeAdapter(data, name, this.parameters, this.lora);
      return { name, shape, data };
    });
  }

  close(): void {
    this.tape.free();
    this.backend.free(this.table);
    this.weights.free();
    if (this.parameters !== this.weights) this.parameters.free();
  }

  private initialize({ weights, seed = 1, init, vectors }: TrainableOptions): void {
    if (weights) loadWeights(this.weights, weights);
    else initializeWeights(this.weights, this.spec, seed, init, vectors);
    if (this.lora) initializeAdapters(this.parameters, this.spec, seed);
  }

  private check({ ids, positions }: TokenBatch): void {
    const { vocabulary, context } = this.spec;
    const badId = ids.find((id) => !(id >= 0 && id < vocabulary));
    if (badId !== undefined) {
      throw new HandheldError("invalid-data", `token id ${badId} is outside the vocabulary of ${vocabulary}`);
    }
    const badPosition = positions.find((position) => !(position >= 0 && position < context));
    if (badPosition !== undefined) {
      throw new HandheldError("invalid-data", `position ${badPosition} is outside the context of ${context}`);
    }
  }

  private place({ ids, positions, cu, rows }: TokenBatch): Placed {
    const { tape } = this;
    return {
      N: ids.length,
      ids: tape.integers(ids),
      positions: tape.integers(positions),
      cu: tape.integers(cu),
      segments: cu.length - 1,
      rows: tape.integers(rows),
      M: rows.length,
    };
  }

  private placeChoices({ choices }: TokenBatch): Choices | null {
    if (!choices) return null;
    const { offsets, ids } = choices;
    return { offsets: this.tape.integers(offsets), ids: this.tape.integers(ids), total: ids.length };
  }

  /** Rounds all matrices to int4 into the step's memory; returns how far the copies are from the originals, in bytes. */
  private quantize(): number {
    const { backend, tape, weights } = this;
    const shift = tape.take(weights.matrixSize) - weights.values;
    for (const { name, shape } of weights.shapes) {
      const { ptr, rows, cols } = weights.get(name);
      if (shape.length > 1) backend.fakeQuantizeInt4(ptr + shift, ptr, rows, cols);
    }
    return shift;
  }

  /** The matrices `names`, side by side, to compute with. */
  private matrix(...names: string[]): Parameter {
    const weights = this.weights.joined(...names);
    return { ...weights, ptr: weights.ptr + this.shift };
  }

  /** The residual stream after the last norm, of the rows with a target [M, C]. */
  private hidden(batch: Placed): Tensor {
    const { spec, tape } = this;
    let x = dropout(tape, embedding(tape, this.matrix(embeddingName), batch.ids, batch.N), this.branchDropout);
    const runs = spec.layers * spec.layerRepeat;
    for (let run = 0; run < runs; run++) {
      const names = blockNames(spec, Math.floor(run / spec.layerRepeat));
      x = this.block(x, names, batch, run === runs - 1);
    }
    return this.norm(x, finalNormName);
  }

  /** One block; of the last one's output only the rows with a target are needed. */
  private block(x: Tensor, names: BlockNames, batch: Placed, last: boolean): Tensor {
    const { spec, tape } = this;
    const dropout = this.branchDropout;
    const needed = (tensor: Tensor) => (last ? gather(tape, tensor, batch.rows, batch.M) : tensor);
    const qkv = this.linear(this.norm(x, names.inputNorm), [names.query, names.key, names.value]);
    rope(tape, qkv, this.table, batch.positions, spec.heads + spec.kvHeads, spec.headSize);
    const mixed = needed(attention(tape, qkv, batch, spec));
    const middle = this.linear(mixed, [names.output], { residual: needed(x), dropout });
    const ffn = names.gate === undefined ? [names.up] : [names.gate, names.up];
    const gateUp = this.linear(this.norm(middle, names.postNorm), ffn);
    const hidden = activate(tape, gateUp, spec.activation, spec.gated);
    return this.linear(hidden, [names.down], { residual: middle, dropout });
  }

  private norm(x: Tensor, name: string): Tensor {
    const { spec, tape, weights } = this;
    const weight = weights.get(name);
    if (spec.norm === "rms") return rmsNorm(tape, x, weight, spec.normEps);
    return layerNorm(tape, x, weight, weights.get(biasName(name)), spec.normEps);
  }

  /** x times the matrices `names`, side by side, each with its adapters. */
  private linear(x: Tensor, names: string[], options: LinearOptions = {}): Tensor {
    const y = linear(this.tape, x, this.matrix(...names), options);
    if (this.lora) this.adapt(y, x, names, this.lora);
    return y;
  }

  private adapt(y: Tensor, x: Tensor, names: string[], { alpha, rank }: LoraOptions): void {
    let column = 0;
    for (const name of names) {
      const { a, b } = adapterNames(name);
      const low = scale(this.tape, linear(this.tape, x, this.parameters.get(a)), alpha / rank);
      const back: Parameter = this.parameters.get(b);
      addLinear(this.tape, y, column, low, back);
      column += back.rows;
    }
  }
}
