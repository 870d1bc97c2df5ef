// Grammar + vocabulary -> which tokens may come next. A mask is the walk of the token trie from an automaton state; it
// is remembered per state: across queries when it does not depend on the query, else for the answer at hand.

import { HandheldError } from "../../errors.ts";
import type { Cell } from "./frame.ts";
import { Mask, maskWords } from "./mask.ts";
import type { Automaton, Constrainer, ConstrainerOptions, Grammar, TokenConstraint } from "./types.ts";
import { TokenTrie, type Walker } from "./vocabulary.ts";

/** Masks kept across queries before the cache starts afresh: at 152k tokens, free strings take 19 kB each. */
const MAX_CACHED = 4096;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Whether `bytes` may stand anywhere in a free string: whole characters, none that JSON escapes. */
function isFreeText(bytes: Uint8Array): boolean {
  if (bytes.some((b) => b < 0x20 || b === 0x22 || b === 0x5c)) return false;
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The byte of a token that has one; else -1. */
function singleByte(bytes: Uint8Array | null | undefined): number {
  return bytes?.length === 1 ? (bytes[0] as number) : -1;
}

/** Whether `cell` is still inside the value in which `start` is: nothing below `start` was touched. */
function staysInValue(start: Cell, cell: Cell): boolean {
  if (!cell.frame.content) return false;
  for (let c = cell.rest; c; c = c.rest) if (c === start.rest) return true;
  return false;
}

/** The tokens of a vocabulary, in the tries that masks need. */
class Vocabulary {
  readonly options: ConstrainerOptions;
  readonly size: number;
  readonly maxStringTokens: number;
  /** Whether structure and values have tokens of their own. */
  readonly split: boolean;
  readonly atomic: TokenTrie;
  readonly plain: TokenTrie;
  /** Plain tokens that may stand anywhere in a free string, as bits; and the others. */
  readonly freeText: Uint32Array;
  readonly notFreeText: TokenTrie;
  readonly scratch: Int32Array;
  readonly #all: readonly number[];
  #everything: TokenTrie | undefined;

  constructor(options: ConstrainerOptions) {
    const { vocabulary, eos } = options;
    this.options = options;
    this.size = vocabulary.length;
    this.maxStringTokens = options.maxStringTokens ?? 128;
    if (!(eos >= 0 && eos < this.size)) {
      throw new HandheldError("invalid-option", `eos ${eos} is not a token of this vocabulary of ${this.size}`);
    }
    const atomic = new Set(options.atomic);
    this.split = atomic.size > 0;
    const all = vocabulary.map((_, id) => id).filter((id) => id !== eos && vocabulary[id]?.length);
    // A tokenizer gives `)` one id, as structure and as text: without it, no value could hold a bracket.
    const textBytes = new Set(all.map((id) => (atomic.has(id) ? -1 : singleByte(vocabulary[id]))));
    const plain = all.filter((id) => {
      const byte = singleByte(vocabulary[id]);
      return !atomic.has(id) || (byte >= 0 && !textBytes.has(byte));
    });
    const free = plain.filter((id) => isFreeText(vocabulary[id] as Uint8Array));
    this.freeText = new Uint32Array(maskWords(this.size));
    for (const id of free) this.freeText[id >>> 5] = (this.freeText[id >>> 5] as number) | (1 << (id & 31));
    const isFree = new Set(free);
    this.atomic = new TokenTrie(atomic, vocabulary);
    this.plain = new TokenTrie(plain, vocabulary);
    this.notFreeText = new TokenTrie(
      plain.filter((id) => !isFree.has(id)),
      vocabulary,
    );
    this.#all = all;
    this.scratch = new Int32Array(this.size + 1);
  }

  /** All tokens, for states in which the split leaves none. */
  get everything(): TokenTrie {
    this.#everything ??= this.split ? new TokenTrie(this.#all, this.options.vocabulary) : this.plain;
    return this.#everything;
  }
}

/** Computes masks from states; knows nothing of caching. */
class MaskBuilder {
  readonly #vocabulary: Vocabulary;
  readonly #walker: Walker;

  constructor(vocabulary: Vocabulary, automaton: Automaton) {
    this.#vocabulary = vocabulary;
    this.#walker = { automaton, readQuery: false };
  }

  /** The mask at `cell`, and whether it depends on the query. With `leave`, a free string must end. */
  build(cell: Cell, leave: boolean): { mask: Mask; ofQuery: boolean } {
    const { size, scratch, options } = this.#vocabulary;
    this.#walker.readQuery = cell.local;
    let count = leave ? this.#leaving(cell) : this.#continuing(cell);
    if (count === 0 && this.#vocabulary.split) count = this.#walk(this.#vocabulary.everything, cell, 0);
    if (this.#walker.automaton.accepts(cell)) scratch[count++] = options.eos;
    const base = cell.frame.freeText && !leave ? this.#vocabulary.freeText : undefined;
    const mask = Mask.of(size, scratch.subarray(0, count), base);
    return { mask, ofQuery: this.#walker.readQuery };
  }

  /** Tokens other than the free text that the caller adds. */
  #continuing(cell: Cell): number {
    const { split, atomic, plain, notFreeText } = this.#vocabulary;
    const values = cell.frame.freeText ? notFreeText : plain;
    if (!split) return this.#walk(values, cell, 0);
    const count = cell.frame.content ? this.#staying(values, cell) : 0;
    return this.#leavingBy(atomic, cell, count);
  }

  #staying(values: TokenTrie, cell: Cell): number {
    const found = cell.frame.staying?.(values);
    if (!found) return this.#walk(values, cell, 0, staysInValue);
    let count = 0;
    for (const id of found) this.#vocabulary.scratch[count++] = id;
    return count;
  }

  /** Tokens that end the free string `cell` is in. */
  #leaving(cell: Cell): number {
    const { split, atomic, notFreeText } = this.#vocabulary;
    return this.#leavingBy(split ? atomic : notFreeText, cell, 0);
  }

  /** Tokens of `trie` that do not end inside the value of `cell`. */
  #leavingBy(trie: TokenTrie, cell: Cell, count: number): number {
    return this.#walk(trie, cell, count, undefined, (end) => !cell.frame.content || !staysInValue(cell, end));
  }

  #walk(
    trie: TokenTrie,
    cell: Cell,
    count: number,
    keep?: (start: Cell, cell: Cell) => boolean,
    take?: (end: Cell) => boolean,
  ): number {
    this.#walker.keep = keep;
    this.#walker.take = take;
    return trie.walk(this.#walker, cell, this.#vocabulary.scratch, count);
  }
}

/** Masks by state, shared between queries where possible. */
class MaskCache {
  readonly #shared: { going: Map<Cell, Mask>; leaving: Map<Cell, Mask> };
  readonly #own = { going: new Map<Cell, Mask>(), leaving: new Map<Cell, Mask>() };
  readonly #builder: MaskBuilder;

  constructor(shared: { going: Map<Cell, Mask>; leaving: Map<Cell, Mask> }, builder: MaskBuilder) {
    this.#shared = shared;
    this.#builder = builder;
  }

  get(cell: Cell, leave: boolean): Mask {
    const kind = leave ? "leaving" : "going";
    const known = this.#own[kind].get(cell) ?? this.#shared[kind].get(cell);
    if (known) return known;
    const { mask, ofQuery } = this.#builder.build(cell, leave);
    const cache = (ofQuery ? this.#own : this.#shared)[kind];
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(cell, mask);
    return mask;
  }
}

/** One answer being decoded. */
class AnswerConstraint implements TokenConstraint {
  readonly #vocabulary: Vocabulary;
  readonly #automaton: Automaton;
  readonly #masks: MaskCache;
  #cell: Cell;
  #mask: Mask | undefined;
  #stringTokens = 0;
  #done = false;

  constructor(vocabulary: Vocabulary, automaton: Automaton, masks: MaskCache, cell: Cell) {
    this.#vocabulary = vocabulary;
    this.#automaton = automaton;
    this.#masks = masks;
    this.#cell = cell;
  }

  get done(): boolean {
    return this.#done;
  }

  allowed(): Mask {
    if (!this.#mask) {
      const leave = this.#cell.frame.freeText && this.#stringTokens >= this.#vocabulary.maxStringTokens;
      this.#mask = this.#done ? this.#onlyEos() : this.#masks.get(this.#cell, leave);
    }
    if (this.#mask.count === 0) {
      const hint = "the vocabulary must hold a token for every byte";
      throw new HandheldError("unsupported", `no token of this vocabulary continues the answer; ${hint}`);
    }
    return this.#mask;
  }

  forced(): number | null {
    const mask = this.allowed();
    return mask.count === 1 ? (mask.ids()[0] as number) : null;
  }

  accept(id: number): void {
    if (!this.allowed().has(id)) {
      throw new HandheldError("invalid-call", `token ${id} is not allowed here; choose one of allowed()`);
    }
    if (id === this.#vocabulary.options.eos) this.#done = true;
    else this.#advance(this.#vocabulary.options.vocabulary[id] as Uint8Array);
    this.#mask = undefined;
  }

  clone(): TokenConstraint {
    const copy = new AnswerConstraint(this.#vocabulary, this.#automaton, this.#masks, this.#cell);
    copy.#mask = this.#mask;
    copy.#stringTokens = this.#stringTokens;
    copy.#done = this.#done;
    return copy;
  }

  #advance(bytes: Uint8Array): void {
    const before = this.#cell;
    let cell = before;
    for (const byte of bytes) cell = this.#automaton.next(cell, byte) as Cell;
    this.#stringTokens = before.frame.content && cell.rest === before.rest ? this.#stringTokens + 1 : 0;
    this.#cell = cell;
  }

  #onlyEos(): Mask {
    return Mask.of(this.#vocabulary.size, Int32Array.of(this.#vocabulary.options.eos));
  }
}

/**
 * Binds `grammar` to a vocabulary. Build it once per model: masks are remembered across queries.
 * Throws HandheldError "invalid-option" when `eos` is outside the vocabulary.
 *
 * @example
 * ```ts
 * const constrainer = createConstrainer(format.grammar(functions), { vocabulary, eos });
 * const constraint = constrainer.start("wake me up at 8");
 * while (!constraint.done) constraint.accept(constraint.forced() ?? best(logits(), constraint.allowed()));
 * ```
 */
export function createConstrainer(grammar: Grammar, options: ConstrainerOptions): Constrainer {
  const vocabulary = new Vocabulary(options);
  const shared = { going: new Map<Cell, Mask>(), leaving: new Map<Cell, Mask>() };
  return {
    grammar,
    vocabularySize: vocabulary.size,
    start(query) {
      const automaton = grammar.automaton(query);
      const masks = new MaskCache(shared, new MaskBuilder(vocabulary, automaton));
      return new AnswerConstraint(vocabulary, automaton, masks, automaton.start as Cell);
    },
  };
}
