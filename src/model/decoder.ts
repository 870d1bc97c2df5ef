// The decoder-only transformer at inference: one forward pass over a backend, for prefill and decode alike.
// Sessions (a KV cache each) share the decoder's weights and workspace; training has its own forward in trainable.ts.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { Backend, KvBlock, KvFormat, Ptr } from "../kernels/backend.ts";
import type { Spec } from "../spec/spec.ts";
import { ropeTable } from "./rope-table.ts";
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
  ids: Ptr;
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
  /** Quantised activations for the int4 matrices. */
  codes: Ptr;
  logits: Ptr;
}

/**
 * A model ready to run.
 *
 * @example
 * ```ts
 * const decoder = Decoder.random(await createBackend(), getPreset("MobileLLM-125M"), 1);
 * const session = decoder.createSession({ capacity: 512 });
 * session.append([1, 2, 3]);             // prefill
 * const logits = session.logits();       // of the last token, [V]
 * session.append([argmax(logits)]);      // decode
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

  /**
   * Runs `ids` through the model as tokens position… of a session's caches and leaves the last one's logits.
   * With `onLogits`, calls it for every token instead (for scoring), with its index and logits [V].
   */
  forward(
    ids: ArrayLike<number>,
    position: number,
    caches: readonly (readonly [KvBlock, KvBlock])[],
    onLogits?: (index: number, logits: Float32Array) => void,
  ): void {
    for (let begin = 0; begin < ids.length; begin += this.chunk) {
      const N = Math.min(this.chunk, ids.length - begin);
      this.embed(ids, begin, N, position + begin);
      for (let layer = 0; layer < caches.length; layer++) {
        const index = Math.floor(layer / this.spec.layerRepeat);
        const block = this.weights.blocks[index]!;
        const [keys, values] = caches[layer]!;
        this.attend(block, keys, values, N, position + begin);
        this.feedForward(block, index, N);
      }
      if (onLogits) {
        for (let i = 0; i < N; i++) {
          this.head(i);
          onLogits(begin + i, this.logits());
        }
      } else if (begin + N === ids.length) this.head(N - 1);
    }
    if (ids.length === 1) this.zeros?.settle();
    this.backend.flush();
  }

  private embed(ids: ArrayLike<number>, begin: number, N: number, position: number): void {
    const { backend, workspace: w, spec, weights } = this;
    backend.mark("embedding");
    const slots = backend.i32(w.ids, N);
    const positions = backend.i32(w.positions, N);
    for (let i = 0; i < N; i++) {
      const id = ids[begin + i]!;
      if (!Number.isInteger(id) || id < 0 || id >= spec.vocabulary) {
        throw new HandheldError("invalid-option", `token id ${id} is outside the vocabulary of ${spec.vocabulary}`);
      }
      slots[i] = id;
      positions[i] = position + i;
    }
    if (weights.format === "int4") backend.gatherInt4(w.x, weights.embedding[0]!.ptr, w.ids, N, spec.width);
    else backend.gatherRows(w.x, weights.embedding[0]!.ptr, w.ids, N, spec.width);
  }

  private attend(block: BlockWeights, keys: KvBlock, values: KvBlock, N: number, position: number): void {
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
    backend.rope(w.qkv, this.table, w.positions, N, H + K, D, stride, false);
    backend.kvAppend(keys, keyRows, N, position, K, D, stride);
    backend.kvAppend(values, valueRows, N, position, K, D, stride);
    backend.attentionCached(w.mixed, w.qkv, keys, values, N, position, H, K, D, stride);
    backend.mark("projections");
    this.linear(block.output, w.x, w.mixed, N, H * D, C, true);
  }

  private feedForward(block: BlockWeights, index: number, N: number): void {
    const { backend, workspace: w } = this;
    const { ffnWidth: F, width: C, gated, activation } = this.spec;
    this.norm(block.postNorm, w.x, N);
    backend.mark("ffn");
    if (this.zeros?.skips(index)) {
      this.zeros.feedForward(index, w, N);
      return;
    }
    const stride = gated ? 2 * F : F;
    this.linear(block.gateUp, w.gateUp, w.normed, N, C, stride, false);
    if (N === 1) this.zeros?.observe(index, w.gateUp);
    backend.activate(w.hidden, w.gateUp, gated ? w.gateUp + 4 * F : 0, N, F, stride, activation);
    this.linear(block.down, w.x, w.hidden, N, F, C, true);
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
    if (weights.format === "int4") backend.quantizeRows(w.codes, x, N, columns);
    for (const { ptr, rows, offset } of stack) {
      const to = out + 4 * offset;
      if (weights.format === "int4") backend.matmulInt4(to, w.codes, ptr, N, rows, columns, ldc, accumulate);
      else backend.gemm("nt", to, x, ptr, N, rows, columns, columns, columns, ldc, accumulate);
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
      ids: floats(n),
      positions: floats(n),
      x: floats(n * C),
      normed: floats(n * C),
      qkv: floats(n * (H + 2 * K) * D),
      mixed: floats(n * H * D),
      gateUp: floats(n * F * (this.spec.gated ? 2 : 1)),
      hidden: floats(n * F),
      codes: this.reserve(this.backend.activationBytes(n, Math.max(C, F, H * D))),
      logits: floats(V),
    };
  }
}

/** One sequence: its KV cache over a {@link Decoder}. */
export class Session {
  readonly decoder: Decoder;
  /** Tokens the cache can hold. */
  readonly capacity: number;
  private readonly caches: readonly (readonly [KvBlock, KvBlock])[];
  private tokens = 0;
  private open = true;

  constructor(decoder: Decoder, capacity: number, format: KvFormat) {
    this.decoder = decoder;
    this.capacity = capacity;
    const { backend, spec } = decoder;
    const bytes = backend.kvBytes(capacity, spec.kvHeads, spec.headSize, format);
    const block = (): KvBlock => ({ ptr: backend.alloc(bytes), capacity, format });
    this.caches = Array.from({ length: decoder.executedLayers }, () => [block(), block()] as const);
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.tokens;
  }

  /**
   * Runs tokens through the model behind those already there: a prompt (prefill) or one token (decode).
   * @throws ContextOverflowError when they do not fit; nothing is changed then.
   */
  append(ids: ArrayLike<number>): void {
    this.check(ids.length);
    this.decoder.forward(ids, this.tokens, this.caches);
    this.tokens += ids.length;
  }

  /** As {@link append}, and hands out the logits [V] of every token: those after token i predict token i+1. */
  score(ids: ArrayLike<number>, onLogits: (index: number, logits: Float32Array) => void): void {
    this.check(ids.length);
    this.decoder.forward(ids, this.tokens, this.caches, onLogits);
    this.tokens += ids.length;
  }

  /** Logits [V] after the last token; valid until the decoder runs again. */
  logits(): Float32Array {
    return this.decoder.logits();
  }

  /** Forgets all tokens but the first `length`. */
  truncate(length: number): void {
    if (!Number.isInteger(length) || length < 0 || length > this.tokens) {
      throw new HandheldError("invalid-option", `cannot truncate a session of ${this.tokens} tokens to ${length}`);
    }
    this.tokens = length;
  }

  /** Frees the cache. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    for (const block of this.caches.flat()) this.decoder.backend.free(block.ptr);
  }

  private check(count: number): void {
    if (!this.open) throw new HandheldError("invalid-option", "the session is closed");
    if (this.tokens + count > this.capacity) throw new ContextOverflowError(this.tokens + count, this.capacity);
  }
}
