// FFNs with a ReLU leave zeros, and zeros make work useless: the rows of `up` whose gate is shut, the columns of `down`
// whose activation is 0. Decides per block, from the zeros that it counts while decoding, whether skipping them pays, and
// then keeps the block's int4 matrices in the layouts that allow it. The results are the dense ones, bit for bit.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import { int4Bytes } from "../quant/int4.ts";
import type { Spec } from "../spec/spec.ts";
import type { BlockWeights, Weights } from "./weights.ts";

/**
 * Share of shut gates from which a block skips, and below which it stops again. Measured with bench/relu-sparsity.ts on
 * the FFN of PhoneLM-0.5B (see docs/engine.md): the gap keeps a block that lies near the limit from changing its
 * layout again and again.
 */
export const skipFrom = 0.9;
export const skipUntil = 0.85;
/** Every so many decoded tokens the zeros are counted. */
const interval = 16;
/** Counts before the first decision, and about how many the running mean looks back. */
const memory = 4;

/** When blocks skip: where it pays, in every block, or in none. */
export type SkipMode = "auto" | "always" | "never";

/** The buffers of the decoder's forward pass that an FFN uses. */
export interface FfnBuffers {
  normed: Ptr;
  gateUp: Ptr;
  hidden: Ptr;
  codes: Ptr;
}

/** The FFNs of a decoder that skip zeros. */
export class ZeroSkipping {
  private readonly backend: Backend;
  private readonly spec: Spec;
  private readonly blocks: readonly BlockWeights[];
  private readonly skipping: boolean[];
  /** Running mean of each block's share of shut gates. */
  private readonly shares: number[];
  /** i32 [L]: shut gates of the token that is counted. */
  private readonly counts: Ptr;
  /** Room for one matrix in the other layout; 0 until a block skips. */
  private room: Ptr = 0;
  private mode: SkipMode = "auto";
  private tokens = 0;
  private observations = 0;
  /** Gate vectors that were counted since counts were last taken, of all blocks together. */
  private counted = 0;

  private constructor(backend: Backend, spec: Spec, weights: Weights) {
    this.backend = backend;
    this.spec = spec;
    this.blocks = weights.blocks;
    this.skipping = weights.blocks.map(() => false);
    this.shares = weights.blocks.map(() => 0);
    this.counts = backend.alloc(4 * spec.layers);
  }

  /**
   * For int4 models with a ReLU whose width is a multiple of 32 and whose FFNs are each block's own, without biases and
   * with a norm before them alone; null for others: there is nothing to skip, or it is not done.
   */
  static create(backend: Backend, spec: Spec, weights: Weights): ZeroSkipping | null {
    const relu = spec.activation === "relu" || spec.activation === "relu2";
    const plain = !(spec.ffnBias || spec.sharedFfn || spec.layerShapes || spec.parallelResidual);
    const fits = weights.format === "int4" && spec.width % 32 === 0 && spec.normPlacement === "pre";
    return relu && plain && fits ? new ZeroSkipping(backend, spec, weights) : null;
  }

  /** Of each block: its share of shut gates so far, 0 before the first count, and whether it skips. */
  get state(): { share: number; skips: boolean }[] {
    return this.shares.map((share, i) => ({ share, skips: this.skipping[i]! }));
  }

  /** Changes the mode; `always` and `never` change all blocks at once. */
  setMode(mode: SkipMode): void {
    this.mode = mode;
    if (mode === "auto") return;
    for (let block = 0; block < this.blocks.length; block++) this.change(block, mode === "always");
  }

  close(): void {
    this.backend.free(this.counts);
    if (this.room) this.backend.free(this.room);
  }

  /** Whether block `index` skips: then {@link feedForward} must compute it. */
  skips(index: number): boolean {
    return this.skipping[index]!;
  }

  /** Call after the gates [F] of a block are computed for one token. */
  observe(index: number, gates: Ptr): void {
    if (this.mode !== "auto" || this.tokens % interval !== 0) return;
    this.counted++;
    this.backend.countShut(this.counts + 4 * index, gates, this.spec.ffnWidth);
  }

  /** Call after each decoded token: takes over what was counted, and changes the layout of at most one block. */
  settle(): void {
    if (this.mode !== "auto") return;
    if (this.tokens++ % interval === 0) this.takeCounts();
    if (this.observations < memory) return;
    const index = this.shares.findIndex((share, i) => (this.skipping[i] ? share < skipUntil : share >= skipFrom));
    if (index < 0) return;
    try {
      this.change(index, !this.skipping[index]);
    } catch (error) {
      // Skipping is worth no failure: without room for a matrix, all stays as it is.
      if (!(error instanceof HandheldError && error.code === "out-of-memory")) throw error;
      this.mode = "never";
    }
  }

  /** x += FFN(normed), the residual stream and its norm [N,C], of a block that skips; zeros are counted in decode only. */
  feedForward(index: number, buffers: FfnBuffers, x: Ptr, N: number, decoding: boolean): void {
    if (N === 1) this.skipZeros(index, buffers, x, decoding);
    else this.compute(index, buffers, x, N);
  }

  private takeCounts(): void {
    const counts = this.backend.i32(this.counts, this.spec.layers);
    const weight = 1 / Math.min(memory, ++this.observations);
    // Each block was counted as often as the others.
    const gates = (this.spec.ffnWidth * this.counted) / counts.length;
    this.counted = 0;
    for (let i = 0; i < counts.length; i++) {
      const share = counts[i]! / gates;
      this.shares[i] = this.shares[i]! + weight * (share - this.shares[i]!);
    }
    counts.fill(0);
  }

  private matrices(index: number): { gate: Ptr; up: Ptr; down: Ptr } {
    const { gateUp, down } = this.blocks[index]!;
    const first = gateUp.parts[0]!.ptr;
    const { ffnWidth: F, width: C, gated } = this.spec;
    return { gate: first, up: gated ? first + int4Bytes(F, C) : first, down: down.parts[0]!.ptr };
  }

  private skipZeros(index: number, { normed, gateUp, hidden, codes }: FfnBuffers, x: Ptr, decoding: boolean): void {
    const { backend } = this;
    const { ffnWidth: F, width: C, gated } = this.spec;
    const { gate, up, down } = this.matrices(index);
    const activation = this.spec.activation as "relu" | "relu2";
    backend.quantizeRows(codes, normed, 1, C);
    backend.matmulInt4(gateUp, codes, gate, 1, F, C, F, false);
    if (decoding) this.observe(index, gateUp);
    if (gated) backend.gatedRowsInt4(hidden, gateUp, codes, up, F, C, activation);
    else backend.activate(hidden, gateUp, 0, 1, F, F, activation);
    backend.quantizeRows(codes, hidden, 1, F);
    backend.skipColumnsInt4(x, codes, down, C, F, true);
  }

  // Several tokens together leave no zeros to skip: the matrices are brought back to the file's layout, one at a time.
  private compute(index: number, { normed, gateUp, hidden, codes }: FfnBuffers, x: Ptr, N: number): void {
    const { backend, room } = this;
    const { ffnWidth: F, width: C, gated, activation } = this.spec;
    const { gate, up, down } = this.matrices(index);
    const stride = gated ? 2 * F : F;
    backend.quantizeRows(codes, normed, N, C);
    backend.matmulInt4(gateUp, codes, gate, N, F, C, stride, false);
    if (gated) {
      backend.repackInt4(room, up, F, C, "rows", true);
      backend.matmulInt4(gateUp + 4 * F, codes, room, N, F, C, stride, false);
    }
    backend.activate(hidden, gateUp, gated ? gateUp + 4 * F : 0, N, F, stride, activation);
    backend.quantizeRows(codes, hidden, N, F);
    backend.repackInt4(room, down, C, F, "columns", true);
    backend.matmulInt4(x, codes, room, N, C, F, C, true);
  }

  private change(index: number, skip: boolean): void {
    if (this.skipping[index] === skip) return;
    const { ffnWidth: F, width: C, gated } = this.spec;
    const { up, down } = this.matrices(index);
    this.room ||= this.backend.alloc(Math.max(int4Bytes(F, C), int4Bytes(C, F)));
    if (gated) this.repack(up, F, C, "rows", !skip);
    this.repack(down, C, F, "columns", !skip);
    this.skipping[index] = skip;
  }

  private repack(w: Ptr, rows: number, columns: number, layout: "rows" | "columns", back: boolean): void {
    this.backend.repackInt4(this.room, w, rows, columns, layout, back);
    this.backend.copy(w, this.room, int4Bytes(rows, columns) / 4);
  }
}
