// The decoder-only transformer at inference: one forward pass over a backend, for prefill and decode alike.
// Sessions (session.ts, a KV cache each) share its weights and workspace; training has its own forward in trainable.ts.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { Backend, KvFormat, KvLayer, Ptr } from "../kernels/backend.ts";
import { KernelSampler, type SamplingOptions } from "../kernels/sampling.ts";
import type { Spec } from "../spec/spec.ts";
import { KvPages } from "./kv-pages.ts";
import { matrixFormats } from "./matrix-formats.ts";
import { ropeTable } from "./rope-table.ts";
import { type AllowedTokens, Session } from "./session.ts";
import {
  type BlockWeights,
  createWeights,
  type FillTensor,
  fillWeights,
  type NormWeights,
  randomFill,
  type Stack,
  type WeightFormat,
  type Weights,
} from "./weights.ts";
import { ZeroSkipping } from "./zero-skipping.ts";

/** Tokens of a prompt that go through the model at once; larger chunks only cost workspace. */
export const defaultChunk = 256;

/** Options of {@link Decoder.createSession}. */
export interface SessionOptions {
  /** Tokens the KV cache can hold. Default: the model's context. */
  capacity?: number | undefined;
  /** Number format of the KV cache. Default int8. */
  kv?: KvFormat | undefined;
}

/** Buffers of one forward pass over up to `chunk` tokens. */
interface Workspace {
  /** 0, 1, 2, … i32 [context] */
  positions: Ptr;
  /** Residual stream [chunk, C]. */
  x: Ptr;
  normed: Ptr;
  /** Queries, keys and values side by side [chunk, (H+2K)·D]. */
  qkv: Ptr;
  mixed: Ptr;
  /** Gate and up side by side [chunk, 2F], or up alone. */
  gateUp: Ptr;
  hidden: Ptr;
  /** Quantised activations for packed matrices. */
  codes: Ptr;
  logits: Ptr;
  /** The token sampled last, i32. */
  sampled: Ptr;
  /** Bits of the tokens that may be sampled, and what sampling needs. */
  allowed: Ptr;
  sampling: Ptr;
}

/**
 * A model ready to run.
 *
 * @example
 * ```ts
 * const decoder = Decoder.random(await createBackend(), preset("MobileLLM-125M"), 1);
 * const session = decoder.createSession({ capacity: 512 });
 * session.append([1, 2, 3]);             // prefill
 * const sampler = decoder.createSampler({ temperature: 0.7, topP: 0.9, seed: 1 });
 * session.append([session.sample(sampler)]); // decode; session.logits() has the numbers, [V]
 * ```
 */
export class Decoder {
  readonly backend: Backend;
  readonly spec: Spec;
  readonly weights: Weights;
  /** What skips the zeros of ReLU in decode, by itself where that pays; null where there are none. */
  readonly zeros: ZeroSkipping | null;
  private readonly table: Ptr;
  private readonly chunk: number;
  private readonly workspace: Workspace;
  private readonly pointers: Ptr[] = [];
  private readonly kvPages = new Map<KvFormat, KvPages>();
  private sampledView: Int32Array;
  /** Forward passes so far: which session's logits are in the workspace. */
  runs = 0;
  /** Called with the input [N, columns] of every matrix product before it is queued; for calibration. */
  onProduct: ((stack: Stack, x: Ptr, N: number, columns: number) => void) | null = null;

  /** Takes over `weights`. `chunk`: tokens per forward pass of a prefill. */
  constructor(backend: Backend, spec: Spec, weights: Weights, chunk = defaultChunk) {
    this.backend = backend;
    this.spec = spec;
    this.weights = weights;
    this.chunk = Math.min(chunk, spec.context);
    this.workspace = this.createWorkspace();
    this.zeros = ZeroSkipping.create(backend, spec, weights);
    const table = ropeTable(spec);
    this.table = this.reserve(table.byteLength);
    backend.f32(this.table, table.length).set(table);
    const { positions, sampled } = this.workspace;
    backend.i32(positions, spec.context).forEach((_, i, all) => {
      all[i] = i;
    });
    this.sampledView = backend.i32(sampled, 1);
  }

  /** A decoder with random weights, for measuring speed. */
  static random(backend: Backend, spec: Spec, seed = 1, format: WeightFormat = "int4"): Decoder {
    return Decoder.create(backend, spec, format, randomFill(format, seed));
  }

  /** A decoder whose tensors `fill` provides. */
  static create(backend: Backend, spec: Spec, format: WeightFormat, fill: FillTensor): Decoder {
    const weights = createWeights(backend, spec, format);
    try {
      fillWeights(backend, weights, fill);
      return new Decoder(backend, spec, weights);
    } catch (error) {
      weights.free();
      throw error;
    }
  }

  /** Blocks that run per token: layers times their repeats. */
  get executedLayers(): number {
    return this.spec.layers * this.spec.layerRepeat;
  }

  /** An empty sequence with a KV cache of its own. */
  createSession(options: SessionOptions = {}): Session {
    const capacity = options.capacity ?? this.spec.context;
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new HandheldError("invalid-option", `capacity must be a whole number of tokens above 0, got ${capacity}`);
    }
    if (capacity > this.spec.context) throw new ContextOverflowError(capacity, this.spec.context, "a KV cache of ");
    return new Session(this, capacity, options.kv ?? "int8");
  }

  /** A sampler for the decoder's sessions; close it when done. @throws HandheldError `invalid-option` */
  createSampler(options: SamplingOptions = {}): KernelSampler {
    return new KernelSampler(this.backend, options);
  }

  /** Where the caches of one format live. */
  pagesOf(format: KvFormat): KvPages {
    let pages = this.kvPages.get(format);
    if (!pages) this.kvPages.set(format, (pages = new KvPages(this.backend, this.spec, format)));
    return pages;
  }

  /** Frees the weights and the workspace. Sessions must be closed before. */
  close(): void {
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
    this.zeros?.close();
    this.weights.free();
  }

  /** Logits [V] of the token that went through last; a view that the next operation overwrites. */
  logits(): Float32Array {
    return this.backend.f32(this.workspace.logits, this.spec.vocabulary);
  }

  /** A token by the logits; the ids i32 [count] at `history` are those of the repetition penalty. */
  sample(sampler: KernelSampler, allowed: AllowedTokens | undefined, history: Ptr, count: number): number {
    const { backend, workspace: w, spec } = this;
    const V = spec.vocabulary;
    if (allowed) {
      const bytes = backend.u8(w.allowed, 4 * Math.ceil(V / 32));
      allowed.writeBits(new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
      backend.maskLogits(w.logits, w.allowed, V);
    }
    sampler.draw({ logits: w.logits, vocabulary: V, out: w.sampled, work: w.sampling }, history, count);
    backend.flush();
    // Growing an unshared memory takes its views away.
    if (this.sampledView.length === 0) this.sampledView = backend.i32(w.sampled, 1);
    return this.sampledView[0]!;
  }

  /** @throws HandheldError `invalid-option` for an id outside the vocabulary */
  checkIds(ids: ArrayLike<number>): void {
    const V = this.spec.vocabulary;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (Number.isInteger(id) && id >= 0 && id < V) continue;
      throw new HandheldError("invalid-option", `token id ${id} is outside the vocabulary of ${V}`);
    }
  }

  /**
   * Runs `count` ids (i32) through the model as tokens position… of a session's cache and leaves the last one's logits.
   * With `onLogits`, calls it for every token instead (for scoring), with its index and logits [V].
   */
  forward(
    ids: Ptr,
    count: number,
    position: number,
    cache: readonly KvLayer[],
    onLogits?: (index: number, logits: Float32Array) => void,
  ): void {
    this.runs++;
    const decoding = count === 1 && !onLogits;
    for (let begin = 0; begin < count; begin += this.chunk) {
      const N = Math.min(this.chunk, count - begin);
      const last = begin + N === count;
      this.embed(ids + 4 * begin, N);
      for (let layer = 0; layer < cache.length; layer++) {
        const index = Math.floor(layer / this.spec.layerRepeat);
        const block = this.weights.blocks[index]!;
        // Behind the last layer only rows with logits count; of the others it makes keys and values.
        const rows = layer < cache.length - 1 || onLogits ? N : last ? 1 : 0;
        this.attend(block, cache[layer]!, N, position + begin, rows);
        if (rows > 0) this.feedForward(index, N - rows, rows, decoding);
      }
      if (onLogits) {
        for (let i = 0; i < N; i++) {
          this.head(i);
          onLogits(begin + i, this.logits());
        }
      } else if (last) this.head(N - 1);
    }
    if (decoding) this.zeros?.settle();
    this.backend.flush();
  }

  /** The residual stream [chunk, C] that {@link embed} and {@link runBlock} write: a sequence block by block, for calibration. */
  get residual(): { ptr: Ptr; chunk: number } {
    return { ptr: this.workspace.x, chunk: this.chunk };
  }

  /** Runs block `index` once on N tokens of the residual stream, the first N of a sequence. */
  runBlock(index: number, cache: KvLayer, N: number): void {
    this.attend(this.weights.blocks[index]!, cache, N, 0, N);
    this.feedForward(index, 0, N, false);
  }

  /** Hands the head's input for N tokens of the residual stream to {@link onProduct}. */
  observeHead(N: number): void {
    this.norm(this.weights.finalNorm, this.workspace.x, N);
    this.onProduct?.(this.weights.head, this.workspace.normed, N, this.spec.width);
  }

  /** Puts N embeddings into the residual stream; ids i32. */
  embed(ids: Ptr, N: number): void {
    const { backend, workspace: w, spec, weights } = this;
    backend.mark("embedding");
    matrixFormats[weights.format].gather(backend, w.x, weights.embedding[0]!.ptr, ids, N, spec.width);
  }

  /** Keys and values of N tokens, and attention of the last `rows` of them. */
  private attend(block: BlockWeights, cache: KvLayer, N: number, position: number, rows: number): void {
    const { backend, workspace: w } = this;
    const { heads: H, kvHeads: K, headSize: D, width: C } = this.spec;
    const stride = (H + 2 * K) * D;
    this.norm(block.inputNorm, w.x, N);
    backend.mark("projections");
    this.linear(block.qkv, w.qkv, w.normed, N, C, stride, false);
    const keyRows = w.qkv + 4 * H * D;
    const valueRows = keyRows + 4 * K * D;
    backend.mark("attention");
    // Queries and keys lie side by side, so one call rotates both.
    backend.rope(w.qkv, this.table, w.positions + 4 * position, N, H + K, D, stride, false);
    backend.kvAppend(cache, keyRows, valueRows, N, position, K, D, stride);
    if (rows === 0) return;
    const skip = N - rows;
    backend.attentionCached(w.mixed, w.qkv + 4 * skip * stride, cache, rows, position + skip, H, K, D, stride);
    backend.mark("projections");
    this.linear(block.output, w.x + 4 * skip * C, w.mixed, rows, H * D, C, true);
  }

  /** The FFN of block `index` for N rows of the residual stream, from row `first` on. */
  private feedForward(index: number, first: number, N: number, decoding: boolean): void {
    const { backend, workspace: w } = this;
    const { ffnWidth: F, width: C, gated, activation } = this.spec;
    const block = this.weights.blocks[index]!;
    const x = w.x + 4 * first * C;
    this.norm(block.postNorm, x, N);
    backend.mark("ffn");
    if (this.zeros?.skips(index)) {
      this.zeros.feedForward(index, w, x, N, decoding);
      return;
    }
    const stride = gated ? 2 * F : F;
    this.linear(block.gateUp, w.gateUp, w.normed, N, C, stride, false);
    if (decoding) this.zeros?.observe(index, w.gateUp);
    backend.activate(w.hidden, w.gateUp, gated ? w.gateUp + 4 * F : 0, N, F, stride, activation);
    this.linear(block.down, x, w.hidden, N, F, C, true);
  }

  /** Logits of row i of the residual stream. */
  private head(i: number): void {
    const { backend, workspace: w, spec, weights } = this;
    this.norm(weights.finalNorm, w.x + 4 * i * spec.width, 1);
    backend.mark("head");
    this.linear(weights.head, w.logits, w.normed, 1, spec.width, spec.vocabulary, false);
  }

  private norm(norm: NormWeights, x: Ptr, N: number): void {
    const { backend, workspace: w, spec } = this;
    backend.mark("norms");
    if (spec.norm === "rms") backend.rmsNorm(w.normed, x, norm.weight, N, spec.width, spec.normEps, 0);
    else backend.layerNorm(w.normed, x, norm.weight, norm.bias, N, spec.width, spec.normEps, 0);
  }

  private linear(stack: Stack, out: Ptr, x: Ptr, N: number, columns: number, ldc: number, accumulate: boolean): void {
    const { backend, workspace: w, weights } = this;
    this.onProduct?.(stack, x, N, columns);
    const { quantizedInput, multiply } = matrixFormats[weights.format];
    if (quantizedInput) backend.quantizeRows(w.codes, x, N, columns);
    const input = quantizedInput ? w.codes : x;
    for (const { ptr, rows, offset } of stack) {
      multiply(backend, out + 4 * offset, input, ptr, N, rows, columns, ldc, accumulate);
    }
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    return ptr;
  }

  private createWorkspace(): Workspace {
    const { width: C, ffnWidth: F, heads: H, kvHeads: K, headSize: D, vocabulary: V } = this.spec;
    const n = this.chunk;
    const floats = (count: number) => this.reserve(4 * count);
    return {
      positions: floats(this.spec.context),
      x: floats(n * C),
      normed: floats(n * C),
      qkv: floats(n * (H + 2 * K) * D),
      mixed: floats(n * H * D),
      gateUp: floats(n * F * (this.spec.gated ? 2 : 1)),
      hidden: floats(n * F),
      codes: this.reserve(this.backend.activationBytes(n, Math.max(C, F, H * D))),
      logits: floats(V),
      sampled: floats(1),
      allowed: floats(Math.ceil(V / 32)),
      sampling: this.reserve(this.backend.sampleBytes(V)),
    };
  }
}
