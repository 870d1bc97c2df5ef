// The forward pass of a decoder-only transformer over a backend, block by block. Where an architecture differs from
// another is in the spec's options; what is the same for all tokens and sessions is in decoder.ts.
import type { AttentionOptions, Backend, KvLayer, Ptr } from "../kernels/backend.ts";
import { layerShape, layerWindow, type Spec } from "../spec/spec.ts";
import { matrixFormats } from "./matrix-formats.ts";
import { alibiSlopes, isLongSequence, type RopeKind, ropeKinds, ropeTable } from "./positions.ts";
import type { BlockWeights, LatentWeights, Linear, NormWeights, Weights } from "./weights.ts";
import type { Workspace } from "./workspace.ts";
import type { ZeroSkipping } from "./zero-skipping.ts";

/** Rows of a chunk that an operation computes: `count` of them, from row `first` on. */
interface Rows {
  first: number;
  count: number;
}

/** Rows of a chunk that are tokens of one sequence, at `position` of one that has `end` when the run is over. */
export interface Stretch extends Rows {
  cache: readonly KvLayer[];
  position: number;
  end: number;
}

/** Runs chunks of tokens through a model, in the decoder's workspace. */
export class ForwardPass {
  /** What skips the zeros of ReLU; set by the decoder. */
  zeros: ZeroSkipping | null = null;
  /** Called before a linear layer multiplies its input x [N, columns]: for calibration. */
  onProduct: ((layer: Linear, x: Ptr, N: number) => void) | null = null;
  private readonly backend: Backend;
  private readonly spec: Spec;
  private readonly weights: Weights;
  private readonly workspace: Workspace;
  private readonly tables = new Map<RopeKind, Ptr>();
  private slopes: Ptr = 0;
  private readonly reserve: (bytes: number) => Ptr;

  /** `reserve` gives memory that the caller frees. */
  constructor(backend: Backend, spec: Spec, weights: Weights, workspace: Workspace, reserve: (bytes: number) => Ptr) {
    this.backend = backend;
    this.spec = spec;
    this.weights = weights;
    this.workspace = workspace;
    this.reserve = reserve;
    for (const kind of ropeKinds(spec)) this.tables.set(kind, this.place(ropeTable(spec, kind)));
    if (spec.positions === "alibi") this.slopes = this.place(alibiSlopes(spec.heads));
  }

  /** The residual stream of N tokens, whose stretches say where in their sequences they are. */
  embed(ids: Ptr, N: number, stretches: readonly Pick<Stretch, "first" | "count" | "position">[]): void {
    const { backend, workspace: w, weights } = this;
    const { width: C, embeddingWidth: E } = this.spec;
    backend.mark("embedding");
    const to = weights.embeddingIn ? w.narrow : w.x;
    const table = weights.embedding.parts[0]!.ptr;
    matrixFormats[weights.format].gather(backend, to, table, ids, N, E);
    if (weights.embeddingIn) this.linear(weights.embeddingIn, w.x, w.narrow, N, C);
    if (weights.positions) {
      for (const { first, count, position } of stretches) {
        const x = w.x + 4 * first * C;
        backend.add(x, x, weights.positions + 4 * position * C, count * C);
      }
    }
    if (weights.embeddingNorm) this.norm(weights.embeddingNorm, w.x, w.x, N);
  }

  /**
   * One block on N tokens, which are those of the stretches one after the other: keys and values of all, output of the
   * last `needed`. `run` counts executed blocks, `decoding` says that a single token is generated.
   */
  block(run: number, stretches: readonly Stretch[], N: number, needed: number, decoding: boolean): void {
    const index = Math.floor(run / this.spec.layerRepeat);
    const block = this.weights.blocks[index]!;
    const rows: Rows = { first: N - needed, count: needed };
    this.attend(run, index, block, stretches, N, rows);
    if (needed > 0) this.feedForward(index, block, rows, decoding);
  }

  /** Logits [N, V] of rows i… of the residual stream, to `out`: by default those of one row to the workspace. */
  head(i: number, N = 1, out = this.workspace.logits): void {
    const { backend, spec, weights } = this;
    const x = this.headInput(i, N);
    this.linear(weights.head, out, x, N, spec.vocabulary);
    if (spec.logitCap) backend.softCap(out, N * spec.vocabulary, spec.logitCap);
  }

  /** What the head multiplies, for N rows of the residual stream from row i on. */
  headInput(i: number, N: number): Ptr {
    const { backend, workspace: w, spec, weights } = this;
    let x = this.at(w.x, { first: i, count: N });
    if (weights.finalNorm) {
      this.norm(weights.finalNorm, x, w.normed, N);
      x = w.normed;
    }
    backend.mark("head");
    if (!weights.embeddingOut) return x;
    this.linear(weights.embeddingOut, w.narrow, x, N, spec.embeddingWidth);
    return w.narrow;
  }

  private attend(
    run: number,
    index: number,
    block: BlockWeights,
    stretches: readonly Stretch[],
    N: number,
    rows: Rows,
  ): void {
    const { backend, workspace: w, spec } = this;
    const { headSize: D } = spec;
    const { heads: H, kvHeads: K } = layerShape(spec, index);
    const stride = (H + 2 * K) * D;
    const input = this.branchInput(block.inputNorm, { first: 0, count: N });
    // The FFN beside attention reads the stream as it is before attention adds to it.
    if (spec.parallelResidual && rows.count > 0)
      this.norm(block.postNorm, this.at(w.x, rows), this.at(w.branch, rows), rows.count);
    backend.mark("projections");
    this.project(block, input, N, H * D, stride);
    backend.mark("attention");
    this.normQueriesAndKeys(block, N, H, K);
    for (const stretch of stretches) this.attendWithin(run, index, stretch, rows.first);
    if (rows.count === 0) return;
    backend.mark("projections");
    this.addBranch(block.output, w.mixed, rows, block.outputNorm ?? block.inputNorm);
  }

  /** Attention of one sequence's tokens to what its cache holds and to each other; output of rows from `from` on. */
  private attendWithin(run: number, index: number, stretch: Stretch, from: number): void {
    const { backend, workspace: w, spec } = this;
    const { headSize: D } = spec;
    const { heads: H, kvHeads: K } = layerShape(spec, index);
    const stride = (H + 2 * K) * D;
    const { first, count, position } = stretch;
    const cache = stretch.cache[run]!;
    const window = layerWindow(spec, index);
    const queries = w.qkv + 4 * first * stride;
    this.turn(queries, stretch, H + K, stride, window > 0);
    const keys = queries + 4 * H * D;
    backend.kvAppend(cache, keys, keys + 4 * K * D, count, position, K, D, stride);
    const skipped = Math.max(0, from - first);
    if (skipped >= count) return;
    const how: AttentionOptions = { window, cap: spec.attentionCap, slopes: this.slopes };
    const out = w.mixed + 4 * (first + skipped - from) * H * D;
    const wanted = queries + 4 * skipped * stride;
    backend.attentionCached(out, wanted, cache, count - skipped, position + skipped, H, K, D, stride, how);
  }

  /** Queries, keys and values of N tokens. */
  private project(block: BlockWeights, input: Ptr, N: number, queryWidth: number, stride: number): void {
    const { backend, workspace: w, spec } = this;
    if (block.latent) this.projectLatent(block.latent, input, N, queryWidth, stride);
    else this.linear(block.qkv!, w.qkv, input, N, stride);
    if (spec.qkvClip) backend.clamp(w.qkv, N * stride, spec.qkvClip);
  }

  private projectLatent(latent: LatentWeights, input: Ptr, N: number, queryWidth: number, stride: number): void {
    const { workspace: w, spec } = this;
    const { query, keyValue, normEps } = spec.latent!;
    const shared = keyValue + spec.ropeSize;
    this.linear(latent.queryDown, w.latentQuery, input, N, query);
    this.normParts(latent.queryDownNorm, w.latentQuery, N, 1, query, query, normEps);
    this.linear(latent.query, w.qkv, w.latentQuery, N, stride);
    this.linear(latent.keyValueDown, w.latentKeyValue, input, N, shared);
    // The key's turning numbers, behind the latent vector, are not normed.
    this.normParts(latent.keyValueDownNorm, w.latentKeyValue, N, 1, keyValue, shared, normEps);
    this.linear(latent.keyValue, w.qkv + 4 * queryWidth, w.latentKeyValue, N, stride);
  }

  private normQueriesAndKeys(block: BlockWeights, N: number, H: number, K: number): void {
    const { workspace: w, spec } = this;
    const { headSize: D } = spec;
    const stride = (H + 2 * K) * D;
    if (!block.queryNorm || !block.keyNorm) return;
    const whole = spec.qkNorm === "width";
    this.normParts(block.queryNorm, w.qkv, N, whole ? 1 : H, whole ? H * D : D, stride);
    this.normParts(block.keyNorm, w.qkv + 4 * H * D, N, whole ? 1 : K, whole ? K * D : D, stride);
  }

  /** RoPE of a stretch's queries and keys, which lie side by side in `heads` heads. */
  private turn(qk: Ptr, { count, position, end }: Stretch, heads: number, stride: number, windowed: boolean): void {
    const { backend, workspace: w, spec } = this;
    const kind = windowed && spec.localRopeBase ? "local" : isLongSequence(spec, end) ? "long" : "usual";
    const table = this.tables.get(kind);
    if (table) backend.rope(qk, table, w.positions + 4 * position, count, heads, spec.headSize, stride, false);
  }

  private feedForward(index: number, block: BlockWeights, rows: Rows, decoding: boolean): void {
    const { backend, workspace: w, spec } = this;
    const { gated, activation } = spec;
    const { ffnWidth: F } = layerShape(spec, index);
    const input = spec.parallelResidual ? this.at(w.branch, rows) : this.branchInput(block.postNorm, rows);
    backend.mark("ffn");
    if (this.zeros?.skips(index)) {
      this.zeros.feedForward(index, w, this.at(w.x, rows), rows.count, decoding);
      return;
    }
    const stride = gated ? 2 * F : F;
    this.linear(block.gateUp, w.gateUp, input, rows.count, stride);
    if (decoding) this.zeros?.observe(index, w.gateUp);
    backend.activate(w.hidden, w.gateUp, gated ? w.gateUp + 4 * F : 0, rows.count, F, stride, activation);
    this.addBranch(block.down, w.hidden, rows, block.downNorm ?? block.postNorm);
  }

  /** What a branch reads: see `normPlacement` of the spec. */
  private branchInput(norm: NormWeights, rows: Rows): Ptr {
    const { workspace: w, spec } = this;
    const x = this.at(w.x, rows);
    if (spec.normPlacement === "output" || spec.normPlacement === "post") return x;
    const to = spec.normPlacement === "stream" ? x : w.normed;
    this.norm(norm, x, to, rows.count);
    return to;
  }

  /** Adds a branch's last matrix times `hidden` to the stream, with the norms behind it. */
  private addBranch(last: Linear, hidden: Ptr, rows: Rows, norm: NormWeights): void {
    const { backend, workspace: w, spec } = this;
    const { width: C, normPlacement } = spec;
    const x = this.at(w.x, rows);
    const normed = normPlacement === "sandwich" || normPlacement === "output";
    if (!normed) this.linear(last, x, hidden, rows.count, C, true);
    if (normPlacement === "post") this.norm(norm, x, x, rows.count);
    if (!normed) return;
    this.linear(last, w.branch, hidden, rows.count, C);
    this.norm(norm, w.branch, w.branch, rows.count);
    backend.add(x, x, w.branch, rows.count * C);
  }

  /** Rows of a buffer [chunk, C]. */
  private at(buffer: Ptr, { first }: Rows): Ptr {
    return buffer + 4 * first * this.spec.width;
  }

  private norm(norm: NormWeights, x: Ptr, out: Ptr, N: number): void {
    const { backend, spec } = this;
    backend.mark("norms");
    if (spec.norm === "rms") backend.rmsNorm(out, x, norm.weight, N, spec.width, spec.normEps, 0);
    else backend.layerNorm(out, x, norm.weight, norm.bias, N, spec.width, spec.normEps, 0);
  }

  /** Norms `parts` stretches of `width` numbers in each of N rows, in place. */
  private normParts(
    norm: NormWeights,
    x: Ptr,
    N: number,
    parts: number,
    width: number,
    stride: number,
    eps = this.spec.normEps,
  ): void {
    this.backend.normParts(x, norm.weight, norm.bias, N, parts, width, stride, eps, this.spec.norm);
  }

  /** out [N, rows] = (accumulate ? out : 0) + x · wᵀ + bias; `ldc` floats between out's rows. */
  private linear(layer: Linear, out: Ptr, x: Ptr, N: number, ldc: number, accumulate = false): void {
    const { backend, workspace: w, weights } = this;
    const { parts, rows, columns, bias } = layer;
    this.onProduct?.(layer, x, N);
    const { quantizedInput, multiply } = matrixFormats[weights.format];
    if (quantizedInput) backend.quantizeRows(w.codes, x, N, columns);
    const input = quantizedInput ? w.codes : x;
    for (const { ptr, rows: some, offset } of parts) {
      multiply(backend, out + 4 * offset, input, ptr, N, some, columns, ldc, accumulate);
    }
    if (bias) backend.addBias(out, bias, N, rows, ldc);
  }

  private place(values: Float32Array): Ptr {
    const ptr = this.reserve(values.byteLength);
    this.backend.f32(ptr, values.length).set(values);
    return ptr;
  }
}
