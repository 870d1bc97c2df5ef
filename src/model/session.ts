// One sequence over a decoder: its tokens and its KV cache, in pages that clones share until one of them writes.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import { type KvFormat, type KvLayer, kvPageTokens, type Ptr } from "../kernels/backend.ts";
import type { KernelSampler } from "../kernels/sampling.ts";
import type { Decoder } from "./decoder.ts";
import type { Stretch } from "./forward.ts";
import type { KvPages } from "./kv-pages.ts";
import { isLongSequence } from "./positions.ts";

/** A set of tokens that writes itself as bits (bit `id & 31` of word `id >> 5`) over words of any content. */
export interface AllowedTokens {
  writeBits(words: Uint32Array): void;
}

/** Options of {@link Session.sample}. */
export interface SampleOptions {
  /** Only these tokens. */
  allowed?: AllowedTokens | undefined;
  /** The repetition penalty is for tokens of the session from here on. Default 0. */
  penalizeFrom?: number | undefined;
}

/** One sequence: made by {@link Decoder.createSession}, {@link clone} or {@link restoreSession}. */
export class Session {
  readonly decoder: Decoder;
  /** Tokens the session can hold. Memory is taken page by page as they come; see {@link reserve}. */
  readonly capacity: number;
  /** Where the pages come from. */
  readonly pages: KvPages;
  private readonly layers: readonly KvLayer[];
  /** In memory: ids i32 [capacity], then the addresses of `held`, i32. */
  private readonly table: Ptr;
  private view: Int32Array;
  private readonly held: Ptr[] = [];
  private tokens = 0;
  /** The decoder's run that left this session's logits; -1: none. */
  private run = -1;
  private open = true;
  /** Whether the keys are those of a long sequence, see isLongSequence. */
  private long = false;

  constructor(decoder: Decoder, capacity: number, format: KvFormat) {
    this.decoder = decoder;
    this.capacity = capacity;
    this.pages = decoder.pagesOf(format);
    const words = capacity + Math.ceil(capacity / kvPageTokens);
    this.table = decoder.backend.alloc(4 * words);
    this.view = decoder.backend.i32(this.table, words);
    this.layers = this.pages.layersOf(this.table + 4 * capacity);
  }

  /** Tokens in the cache. */
  get length(): number {
    return this.tokens;
  }

  /** The tokens in the cache; a view that is valid until the next operation of any session. */
  get ids(): Int32Array {
    return this.words.subarray(0, this.tokens);
  }

  /**
   * Runs tokens through the model behind those already there: a prompt (prefill) or one token (decode).
   * @throws ContextOverflowError when they do not fit, HandheldError `out-of-memory`; nothing is changed then.
   */
  append(ids: ArrayLike<number>): void {
    this.forward(ids);
  }

  /** As {@link append}, and hands out the logits [V] of every token: those after token i predict token i+1. */
  score(ids: ArrayLike<number>, onLogits: (index: number, logits: Float32Array) => void): void {
    this.forward(ids, onLogits);
  }

  /**
   * Makes the session hold exactly `ids` and their logits: keeps the beginning that it already holds and runs the rest
   * through the model. Returns how many tokens were kept.
   */
  prompt(ids: ArrayLike<number>): number {
    this.checkOpen();
    if (ids.length > this.capacity) throw new ContextOverflowError(ids.length, this.capacity);
    // The last token always goes through the model, for its logits.
    const kept = Math.min(this.commonPrefix(ids), Math.max(0, ids.length - 1));
    this.truncate(kept);
    this.append(Array.prototype.slice.call(ids, kept));
    return kept;
  }

  /** How many of `ids`, from the first, are the session's own. */
  commonPrefix(ids: ArrayLike<number>): number {
    this.checkOpen();
    const { words } = this;
    const most = Math.min(ids.length, this.tokens);
    let same = 0;
    while (same < most && ids[same] === words[same]) same++;
    return same;
  }

  /**
   * Logits [V] after the last token; valid until the decoder runs again.
   * @throws HandheldError `invalid-option` when another session ran since, or when sampling has changed them.
   */
  logits(): Float32Array {
    this.checkLogits();
    return this.decoder.logits();
  }

  /** Chooses the token that follows, in the kernels' memory; it is not appended. @throws as {@link logits} */
  sample(sampler: KernelSampler, { allowed, penalizeFrom = 0 }: SampleOptions = {}): number {
    this.checkLogits();
    if (allowed || sampler.penalizes) this.run = -1;
    return this.decoder.sample(sampler, allowed, this.table + 4 * penalizeFrom, this.tokens - penalizeFrom);
  }

  /** Forgets all tokens but the first `length`. Pages that are not shared are kept for what comes next. */
  truncate(length: number): void {
    this.checkOpen();
    if (!Number.isInteger(length) || length < 0 || length > this.tokens) {
      throw new HandheldError("invalid-option", `cannot truncate a session of ${this.tokens} tokens to ${length}`);
    }
    if (length === this.tokens) return;
    this.tokens = length;
    this.run = -1;
    const used = Math.ceil(length / kvPageTokens);
    for (const page of this.held.splice(used)) {
      if (this.pages.isShared(page)) this.pages.release(page);
      else this.hold(page);
    }
  }

  /**
   * Takes the memory for `length` tokens at once, so that none is taken while they come.
   * @throws ContextOverflowError, HandheldError `out-of-memory`; nothing is changed then.
   */
  reserve(length: number): void {
    this.checkOpen();
    if (length > this.capacity) throw new ContextOverflowError(length, this.capacity);
    const before = this.held.length;
    try {
      while (this.held.length * kvPageTokens < length) this.hold(this.pages.take());
    } catch (error) {
      for (const page of this.held.splice(before)) this.pages.release(page);
      throw error;
    }
  }

  /** Gives back the memory that no token needs: what {@link reserve} took, or {@link truncate} left. */
  trim(): void {
    this.checkOpen();
    for (const page of this.held.splice(Math.ceil(this.tokens / kvPageTokens))) this.pages.release(page);
  }

  /**
   * A session of the first `length` tokens (default: all), which shares their memory: the first of the two that goes on
   * from within a page copies that page. Its capacity is this one's unless another is given.
   * @throws as {@link Decoder.createSession}, or HandheldError `invalid-option` when there are fewer tokens
   */
  clone({ length = this.tokens, capacity = this.capacity }: { length?: number; capacity?: number } = {}): Session {
    this.checkOpen();
    if (!Number.isInteger(length) || length < 0 || length > this.tokens) {
      throw new HandheldError("invalid-option", `cannot clone ${length} tokens of a session of ${this.tokens}`);
    }
    if (length > capacity) throw new ContextOverflowError(length, capacity);
    const clone = this.decoder.createSession({ capacity, kv: this.pages.format });
    clone.words.set(this.ids.subarray(0, length));
    for (const page of this.held.slice(0, Math.ceil(length / kvPageTokens))) {
      this.pages.share(page);
      clone.hold(page);
    }
    clone.tokens = length;
    if (length === this.tokens) clone.run = this.run;
    return clone;
  }

  /** Frees the session's tokens, and the pages that no other session holds. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    for (const page of this.held.splice(0)) this.pages.release(page);
    this.decoder.backend.free(this.table);
  }

  /** The pages that hold tokens, in their order. */
  heldPages(): Ptr[] {
    this.checkOpen();
    return this.held.slice(0, Math.ceil(this.tokens / kvPageTokens));
  }

  /** Takes over tokens whose keys and values the caller puts into {@link heldPages}. The session must be empty. */
  adopt(ids: ArrayLike<number>): void {
    this.reserve(ids.length);
    this.words.set(ids);
    this.tokens = ids.length;
    this.long = isLongSequence(this.decoder.spec, ids.length);
  }

  /**
   * The first half of {@link append}, for what runs several sessions at once: takes the memory and notes the ids. They
   * count once they went through the model and {@link settle} was called; nothing else may be done before.
   * @throws as {@link append}
   */
  prepare(ids: ArrayLike<number>): Omit<Stretch, "first"> {
    this.checkOpen();
    const [position, count] = [this.tokens, ids.length];
    const end = position + count;
    if (end > this.capacity) throw new ContextOverflowError(end, this.capacity);
    this.decoder.checkIds(ids);
    const long = isLongSequence(this.decoder.spec, end);
    if (position > 0 && long !== this.long) this.rerun(end);
    this.long = long;
    this.reserve(end);
    this.ownLastPage();
    this.words.set(ids, position);
    return { cache: this.layers, position, count, end };
  }

  /** The second half: `count` prepared ids went through the model. Its logits are not this session's to hand out. */
  settle(count: number): void {
    this.tokens += count;
    this.run = -1;
  }

  private forward(ids: ArrayLike<number>, onLogits?: (index: number, logits: Float32Array) => void): void {
    this.checkOpen();
    if (ids.length === 0) return;
    const { position, count, cache } = this.prepare(ids);
    this.decoder.forward(this.table + 4 * position, count, position, cache, onLogits);
    this.settle(count);
    this.run = this.decoder.runs;
  }

  /** Runs the tokens again as part of a sequence of `end`: see isLongSequence. */
  private rerun(end: number): void {
    const ids = this.ids.slice();
    this.truncate(0);
    this.reserve(ids.length);
    this.words.set(ids);
    this.decoder.forward(this.table, ids.length, 0, this.layers, undefined, end);
    this.tokens = ids.length;
  }

  /** Copies the page that the next token goes into, if it is another session's too. */
  private ownLastPage(): void {
    if (this.tokens % kvPageTokens === 0) return;
    const at = Math.floor(this.tokens / kvPageTokens);
    const page = this.held[at]!;
    if (!this.pages.isShared(page)) return;
    this.held[at] = this.pages.copy(page);
    this.words[this.capacity + at] = this.held[at]!;
    this.pages.release(page);
  }

  /** Appends a page to the table. */
  private hold(page: Ptr): void {
    this.words[this.capacity + this.held.length] = page;
    this.held.push(page);
  }

  private get words(): Int32Array {
    // Growing an unshared memory takes its views away.
    if (this.view.length === 0) {
      const words = this.capacity + Math.ceil(this.capacity / kvPageTokens);
      this.view = this.decoder.backend.i32(this.table, words);
    }
    return this.view;
  }

  private checkOpen(): void {
    if (!this.open) throw new HandheldError("invalid-option", "the session is closed");
  }

  private checkLogits(): void {
    this.checkOpen();
    if (this.run === this.decoder.runs) return;
    throw new HandheldError(
      "invalid-option",
      "the session's logits are gone: ask for them, or sample, once and before another session runs",
    );
  }
}
