// The interface of constrained decoding: a Grammar (from a format and schemas), a Constrainer (grammar + vocabulary,
// built once) and a TokenConstraint (one answer being decoded).

import type { FunctionSchema } from "../types.ts";

/** Limits of an answer. */
export interface GrammarOptions {
  /** Most calls in an answer; 4 when absent. */
  maxCalls?: number | undefined;
  /** Fewest calls in an answer; 1 when absent (0 lets the model answer "nothing to call"). */
  minCalls?: number | undefined;
  /** Most items of a list value; 8 when absent. */
  maxItems?: number | undefined;
}

/**
 * A byte automaton of all valid answers. States are immutable and shared: equal situations are the same object, so a
 * state can key a cache.
 */
export interface Grammar {
  readonly functions: readonly FunctionSchema[];
  /** An automaton whose extractive strings are spans of `query`; without a query they are free strings. */
  automaton(query?: string): Automaton;
}

/** The grammar for one query. */
export interface Automaton {
  readonly start: State;
  /** The state after `byte` (0..255), or null when no valid answer continues so. */
  next(state: State, byte: number): State | null;
  /** Whether a complete answer may end here. */
  accepts(state: State): boolean;
}

/** An immutable automaton state; opaque outside `constrain/`. */
export interface State {
  readonly id: number;
}

/** A vocabulary as a Constrainer needs it. */
export interface ConstrainerOptions {
  /** The bytes of each token id (V entries); null, undefined or empty: the token is never allowed. */
  vocabulary: readonly (Uint8Array | null | undefined)[];
  /** Id of the end-of-answer token. */
  eos: number;
  /**
   * Ids of the tokens made from `CallFormat.specialTokens`. When given, structure is written with these tokens only and
   * values with the others only, exactly as in training on `CallFormat.parts`.
   */
  atomic?: Iterable<number> | undefined;
  /** A free string must be closed after so many tokens, so that every answer ends; 128 when absent. */
  maxStringTokens?: number | undefined;
}

/** A grammar bound to a vocabulary. Build once; it caches masks across queries. */
export interface Constrainer {
  readonly grammar: Grammar;
  readonly vocabularySize: number;
  start(query?: string): TokenConstraint;
}

/** The tokens allowed next. Shared and cached: read only. */
export interface TokenMask {
  /** Bit `id & 31` of word `id >> 5` is set when `id` is allowed; ceil(V / 32) words. */
  readonly bits: Uint32Array;
  /** How many tokens are allowed; at least 1. */
  readonly count: number;
  has(id: number): boolean;
  /** The allowed ids, ascending (computed once per mask). */
  ids(): Uint32Array;
  /** Writes {@link bits} over ceil(V / 32) words of any content. */
  writeBits(words: Uint32Array): void;
}

/** The constraint on one answer while it is decoded. */
export interface TokenConstraint {
  /** Tokens allowed next, `eos` among them when the answer may end; after `eos` only `eos`. */
  allowed(): TokenMask;
  /** The only allowed token, or null when there is a choice: no forward pass is needed to choose it. */
  forced(): number | null;
  /** Takes the next token; throws HandheldError "invalid-call" when it is not allowed. */
  accept(id: number): void;
  /** Whether `eos` was accepted. */
  readonly done: boolean;
  /** An independent copy, for beam search; costs a few words. */
  clone(): TokenConstraint;
}
