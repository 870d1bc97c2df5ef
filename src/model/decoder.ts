// The decoder-only transformer at inference: one forward pass over a backend, for prefill and decode alike.
// Sessions (session.ts, a KV cache each) share its weights and workspace; training has its own forward in trainable.ts.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { Backend, KvFormat, KvLayer, Ptr } from "../kernels/backend.ts";
import { KernelSampler, type SamplingOptions } from "../kernels/sampling.ts";
import type { Spec } from "../spec/spec.ts";
import { ForwardPass } from "./forward.ts";
import { KvPages } from "./kv-pages.ts";
import { type AllowedTokens, Session } from "./session.ts";
import { createWeights, type FillTensor, fillWeights, randomFill, type WeightFormat, type Weights } from "./weights.ts";
import { type Workspace, workspaceBytes } from "./workspace.ts";
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
  private readonly chunk: number;
  private readonly workspace: Workspace;
  /** The forward pass, part by part. */
  readonly pass: ForwardPass;
  private readonly pointers: Ptr[] = [];
  private readonly kvPages = new Map<KvFormat, KvPages>();
  private sampledView: Int32Array;
  /** Forward passes so far: which session's logits are in the workspace. */
  runs = 0;

  /** Takes over `weights`. `chunk`: tokens per forward pass of a prefill. */
  constructor(backend: Backend, spec: Spec, weights: Weights, chunk = defaultChunk) {
    this.backend = backend;
    this.spec = spec;
    this.weights = weights;
    this.chunk = Math.min(chunk, spec.context);
    this.workspace = this.createWorkspace();
    this.pass = new ForwardPass(backend, spec, weights, this.workspace, (bytes) => this.reserve(bytes));
    this.zeros = ZeroSkipping.create(backend, spec, weights);
    this.pass.zeros = this.zeros;
    const { positions, sampled } = this.workspace;
    backend.i32(positions, spec.context).forEach((_, i, all) => {
      all[i] = i;
    });
    this.sampledView = backend.i32(sampled, 1);
  }

  /** A decoder with random weights, for measuring speed. */
  static random(backend: Backend, spec: Spec, seed = 1, format: WeightFormat = "int4"): Decoder {
    return Decoder.create(backend, spec, format, randomFill(seed));
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
   * With `onLogits`, calls it for every token instead (for scoring), with its index and logits [V]. `end`: tokens that
   * the sequence will have, where more follow at once.
   */
  forward(
    ids: Ptr,
    count: number,
    position: number,
    cache: readonly KvLayer[],
    onLogits?: (index: number, logits: Float32Array) => void,
    end = position + count,
  ): void {
    this.runs++;
    const { pass } = this;
    const decoding = count === 1 && !onLogits;
    for (let begin = 0; begin < count; begin += this.chunk) {
      const N = Math.min(this.chunk, count - begin);
      const last = begin + N === count;
      const stretches = [{ first: 0, count: N, position: position + begin, end, cache }];
      pass.embed(ids + 4 * begin, N, stretches);
      for (let run = 0; run < cache.length; run++) {
        // Behind the last layer only rows with logits count; of the others it makes keys and values.
        const needed = run < cache.length - 1 || onLogits ? N : last ? 1 : 0;
        pass.block(run, stretches, N, needed, decoding);
      }
      if (onLogits) {
        for (let i = 0; i < N; i++) {
          pass.head(i);
          onLogits(begin + i, this.logits());
        }
      } else if (last) pass.head(N - 1);
    }
    if (decoding) this.zeros?.settle();
    this.backend.flush();
  }

  /** The residual stream [chunk, C] between two blocks, for what runs {@link pass} part by part. */
  get residual(): { ptr: Ptr; chunk: number } {
    return { ptr: this.workspace.x, chunk: this.chunk };
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    return ptr;
  }

  private createWorkspace(): Workspace {
    const sizes = Object.entries(workspaceBytes(this.backend, this.spec, this.chunk));
    return Object.fromEntries(
      sizes.map(([name, bytes]) => [name, bytes ? this.reserve(bytes) : 0]),
    ) as unknown as Workspace;
  }
}
