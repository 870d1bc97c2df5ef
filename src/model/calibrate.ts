// Int4 weights that fit a model's own activations: GPTQ (../quant/gptq.ts) block by block over a sample of text. Each
// block sees what the blocks before it give once they are rounded, so that their errors are made up for as well.
import { HandheldError } from "../errors.ts";
import { type Backend, type KvLayer, kvPageTokens, type Ptr } from "../kernels/backend.ts";
import { inverseFactor } from "../quant/cholesky.ts";
import { gptqBatch, gptqInt4 } from "../quant/gptq.ts";
import { nextTurn } from "../turn.ts";
import type { Decoder } from "./decoder.ts";
import { KvPages } from "./kv-pages.ts";
import type { Linear } from "./weights.ts";

/** Options of {@link calibrateInt4}. */
export interface CalibrateOptions {
  /** Called with how many of how many steps are done, the same number for each block. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Share of the mean input that every column gets besides its own, so that inputs that depend on each other have an inverse.
 * For a table that is also the embedding, too: rounded with a share of 1, as if half for its rows, it lost three times as
 * much perplexity as with this one (bench/quantize-quality.ts).
 */
const damping = 0.01;
/**
 * Packs every matrix of an f32 decoder that multiplies, for the least error of its outputs on `sequences` of token ids, and
 * returns the packed bytes by name. An embedding that is not tied to the head is only looked up, and left out. The decoder's
 * weights become the numbers that the codes stand for.
 *
 * Sequences are cut at the decoder's chunk (256 tokens, or the context). Memory in the backend: 4 · C bytes for each token,
 * and 4 · n² for each width n of a block's inputs.
 * @throws HandheldError `invalid-data` for activations that are not finite, `invalid-option` without a sequence,
 *   `out-of-memory`, `aborted`.
 */
export async function calibrateInt4(
  decoder: Decoder,
  sequences: readonly ArrayLike<number>[],
  options: CalibrateOptions = {},
): Promise<Map<string, Uint8Array>> {
  const { pass, weights, spec } = decoder;
  const { layers, layerRepeat } = spec;
  const calibration = new Calibration(decoder, options);
  try {
    calibration.embed(sequences);
    for (let index = 0; index < layers; index++) {
      const block: Part = (caches, N) => {
        for (let run = index * layerRepeat; run < (index + 1) * layerRepeat; run++) {
          pass.block(run, [{ first: 0, count: N, position: 0, end: N, cache: caches }], N, N, false);
        }
      };
      await calibration.round(block);
      await calibration.advance(block);
    }
    const head: Part = (_, N) => pass.onProduct?.(weights.head, pass.headInput(0, N), N);
    await calibration.round(head);
    return calibration.packed;
  } finally {
    calibration.close();
  }
}

/** Runs a part of the decoder on N tokens of its residual stream, with an empty cache of each layer. */
type Part = (caches: readonly KvLayer[], N: number) => void;

/** The residual streams of all sequences, between two blocks. */
class Calibration {
  readonly packed = new Map<string, Uint8Array>();
  private readonly decoder: Decoder;
  private readonly backend: Backend;
  private readonly streams: { ptr: Ptr; N: number }[] = [];
  private readonly caches: readonly KvLayer[];
  private readonly pages: KvPages;
  private readonly held: Ptr[] = [];
  private readonly pointers: Ptr[] = [];
  private readonly options: CalibrateOptions;
  private done = 0;

  constructor(decoder: Decoder, options: CalibrateOptions) {
    this.decoder = decoder;
    this.options = options;
    this.backend = decoder.backend;
    this.pages = new KvPages(decoder.backend, decoder.spec, "f32");
    const count = Math.ceil(decoder.residual.chunk / kvPageTokens);
    const table = this.reserve(4 * count);
    for (let i = 0; i < count; i++) this.held.push(this.pages.take());
    this.backend.i32(table, count).set(this.held);
    this.caches = this.pages.layersOf(table);
  }

  /** Starts a stream for each sequence, or for each part of one that is longer than a chunk. */
  embed(sequences: readonly ArrayLike<number>[]): void {
    const { backend, decoder } = this;
    const { ptr, chunk } = decoder.residual;
    const ids = this.reserve(4 * chunk);
    for (const sequence of sequences) {
      decoder.checkIds(sequence);
      for (let at = 0; at < sequence.length; at += chunk) {
        const N = Math.min(chunk, sequence.length - at);
        const kept = this.reserve(4 * N * decoder.spec.width);
        backend.i32(ids, N).set(Array.prototype.slice.call(sequence, at, at + N));
        decoder.pass.embed(ids, N, [{ first: 0, count: N, position: 0 }]);
        backend.copy(kept, ptr, N * decoder.spec.width);
        this.streams.push({ ptr: kept, N });
      }
    }
    if (this.streams.length === 0) {
      throw new HandheldError("invalid-option", "calibration needs text of at least one token");
    }
  }

  /** Between two steps: progress, and a turn for whoever wants to stop. */
  private async step(): Promise<void> {
    const { onProgress, signal } = this.options;
    await nextTurn();
    if (signal?.aborted) throw new HandheldError("aborted", "stopped calibrating");
    // A block is two passes over the streams and four inputs to round for; the head one of each.
    const [passes, { layers }] = [this.streams.length, this.decoder.spec];
    onProgress?.(this.done++, layers * (2 * passes + 4) + passes + 1);
  }

  /** Runs a part on every stream, each beginning from what is kept of it. */
  private async each(part: Part, after?: (kept: Ptr, floats: number) => void): Promise<void> {
    const { backend, decoder } = this;
    for (const { ptr, N } of this.streams) {
      await this.step();
      const floats = N * decoder.spec.width;
      backend.copy(decoder.residual.ptr, ptr, floats);
      part(this.caches, N);
      after?.(ptr, floats);
      backend.flush();
    }
  }

  /** Moves every stream through a part. */
  async advance(part: Part): Promise<void> {
    await this.each(part, (kept, floats) => this.backend.copy(kept, this.decoder.residual.ptr, floats));
  }

  /** Rounds the matrices that a part multiplies by, for the inputs that it gives them; streams stay where they are. */
  async round(part: Part): Promise<void> {
    const { backend, decoder } = this;
    const hessians = new Map<Linear, Ptr>();
    decoder.pass.onProduct = (layer, x, N) => {
      const { columns } = layer;
      let hessian = hessians.get(layer);
      if (!hessian) hessians.set(layer, (hessian = backend.alloc(4 * columns * columns)));
      backend.gemm("tn", hessian, x, x, columns, columns, N, columns, columns, columns, true);
    };
    try {
      await this.each(part);
      for (const [layer, hessian] of hessians) {
        await this.step();
        this.roundLayer(layer, hessian);
      }
    } finally {
      decoder.pass.onProduct = null;
      for (const hessian of hessians.values()) backend.free(hessian);
    }
  }

  private roundLayer({ parts, columns }: Linear, hessian: Ptr): void {
    const { backend, decoder, packed } = this;
    const size = columns * columns;
    const factor = inverseFactor(backend.f32(hessian, size).slice(), columns, damping);
    backend.f32(hessian, size).set(factor);
    const [first, last] = [parts[0]!.ptr, parts.at(-1)!.ptr + 4 * parts.at(-1)!.rows * columns];
    for (const { name, ptr, shape } of decoder.weights.places) {
      // An FFN that blocks share is fitted to the first.
      if (ptr >= first && ptr < last && !packed.has(name))
        packed.set(name, this.roundMatrix(ptr, shape[0]!, columns, hessian));
    }
  }

  private roundMatrix(ptr: Ptr, rows: number, columns: number, factor: Ptr): Uint8Array {
    const { backend } = this;
    const errors = backend.alloc(4 * rows * gptqBatch);
    try {
      const weights = backend.f32(ptr, rows * columns);
      return gptqInt4(weights, rows, columns, backend.f32(factor, columns * columns), {
        errors: backend.f32(errors, rows * gptqBatch),
        spread: (begin, end) => {
          const [to, from] = [ptr + 4 * end, factor + 4 * (begin * columns + end)];
          const [width, depth] = [columns - end, end - begin];
          backend.gemm("nn", to, errors, from, rows, width, depth, gptqBatch, columns, columns, true);
          backend.flush();
        },
      });
    } finally {
      backend.free(errors);
    }
  }

  close(): void {
    for (const page of this.held.splice(0)) this.pages.release(page);
    for (const ptr of this.pointers.splice(0)) this.backend.free(ptr);
  }

  private reserve(bytes: number): Ptr {
    const ptr = this.backend.alloc(bytes);
    this.pointers.push(ptr);
    return ptr;
  }
}
