// Several sessions through the model at once: the weights are read once for the tokens of all of them, and so is the head
// for the rows whose logits are wanted. For scoring and for generating many texts; one text alone is session.ts.
import { HandheldError } from "../errors.ts";
import type { Backend, Ptr } from "../kernels/backend.ts";
import type { Decoder } from "./decoder.ts";
import type { Stretch } from "./forward.ts";
import type { Session } from "./session.ts";

/**
 * Rows of logits at once: as many as 8 MB hold, from 8 to 64. The head's matrix is read once for all of them: with 64 rows
 * instead of 16 it takes a third less time (MobileLLM-125M at f32, 2 threads on an AMD EPYC).
 */
function headRowsOf(vocabulary: number): number {
  return Math.max(8, Math.min(64, Math.floor((2 << 20) / vocabulary)));
}

/** Tokens that go behind a session's own. */
export interface BatchPart {
  session: Session;
  ids: ArrayLike<number>;
  /** Indices into `ids` of tokens whose logits are wanted, ascending. */
  wanted: readonly number[];
}

/** What is known of the token that follows: logits [V], valid during the call, and what their softmax needs. */
export interface Prediction {
  logits: Float32Array;
  /** The largest logit. */
  max: number;
  /** log Σ exp(logit): a token's log-probability is its logit minus this. */
  logSum: number;
}

/**
 * Appends to several sessions of one decoder in one pass.
 *
 * @example
 * ```ts
 * const batch = new Batch(model.decoder);
 * batch.append([{ session, ids: [5, 6, 7], wanted: [2] }], (part, index, { logits, logSum }) => …);
 * batch.close();
 * ```
 */
export class Batch {
  /** Tokens that one {@link append} takes at most, over all parts. */
  readonly capacity: number;
  private readonly decoder: Decoder;
  private readonly backend: Backend;
  /** i32 [capacity]: ids of the tokens, and indices of the rows that are wanted. */
  private readonly ids: Ptr;
  private readonly rows: Ptr;
  /** How many rows of logits are made at once. */
  private readonly headRows: number;
  /** f32 [capacity, C], [headRows, V] and [headRows, 2]. */
  private readonly gathered: Ptr;
  private readonly logits: Ptr;
  private readonly stats: Ptr;

  /** @throws HandheldError `out-of-memory` */
  constructor(decoder: Decoder) {
    const { backend, spec, residual } = decoder;
    this.decoder = decoder;
    this.backend = backend;
    this.capacity = residual.chunk;
    this.headRows = headRowsOf(spec.vocabulary);
    this.ids = backend.alloc(4 * this.capacity);
    this.rows = backend.alloc(4 * this.capacity);
    this.gathered = backend.alloc(4 * this.capacity * spec.width);
    this.logits = backend.alloc(4 * this.headRows * spec.vocabulary);
    this.stats = backend.alloc(8 * this.headRows);
  }

  /**
   * Runs the parts' tokens through the model. No session may be among them twice. `onPrediction` gets the index of the part
   * and of the token in it, in their order.
   *
   * @throws ContextOverflowError, HandheldError `out-of-memory`, `invalid-option`; no session has changed then
   */
  append(
    parts: readonly BatchPart[],
    onPrediction: (part: number, index: number, prediction: Prediction) => void = () => {},
  ): void {
    const N = parts.reduce((sum, { ids }) => sum + ids.length, 0);
    if (N > this.capacity) {
      throw new HandheldError("invalid-option", `a batch of ${N} tokens is above its capacity of ${this.capacity}`);
    }
    if (N === 0) return;
    const { decoder, backend } = this;
    let first = 0;
    const stretches = parts.map(({ session, ids }): Stretch => {
      const stretch = { ...session.prepare(ids), first };
      first += ids.length;
      return stretch;
    });
    const target = backend.i32(this.ids, N);
    for (const [i, { ids }] of parts.entries()) target.set(ids, stretches[i]!.first);
    decoder.runs++;
    decoder.pass.embed(this.ids, N, stretches);
    for (let run = 0; run < decoder.executedLayers; run++) decoder.pass.block(run, stretches, N, N, false);
    for (const { session, ids } of parts) session.settle(ids.length);
    this.predict(parts, stretches, onPrediction);
    backend.flush();
  }

  /** Returns the memory; the sessions are the caller's. */
  close(): void {
    for (const ptr of [this.ids, this.rows, this.gathered, this.logits, this.stats]) this.backend.free(ptr);
  }

  /** Logits of the wanted rows, which are gathered first. */
  private predict(
    parts: readonly BatchPart[],
    stretches: readonly Stretch[],
    onPrediction: (part: number, index: number, prediction: Prediction) => void,
  ): void {
    const { decoder, backend } = this;
    const { width: C, vocabulary: V } = decoder.spec;
    const wanted = parts.flatMap((part, i) => part.wanted.map((index) => ({ part: i, index })));
    if (wanted.length === 0) return;
    const rows = wanted.map(({ part, index }) => stretches[part]!.first + index);
    const x = decoder.residual.ptr;
    backend.i32(this.rows, rows.length).set(rows);
    backend.gatherRows(this.gathered, x, this.rows, rows.length, C);
    backend.copy(x, this.gathered, rows.length * C);
    for (let begin = 0; begin < rows.length; begin += this.headRows) {
      const count = Math.min(this.headRows, rows.length - begin);
      decoder.pass.head(begin, count, this.logits);
      backend.logSumExp(this.stats, this.logits, count, V, true);
      const stats = backend.f32(this.stats, 2 * count);
      const logits = backend.f32(this.logits, count * V);
      for (let i = 0; i < count; i++) {
        const { part, index } = wanted[begin + i]!;
        const [max, sum] = [stats[2 * i]!, stats[2 * i + 1]!];
        const row = logits.subarray(i * V, (i + 1) * V);
        onPrediction(part, index, { logits: row, max, logSum: max + Math.log(sum) });
      }
    }
  }
}
