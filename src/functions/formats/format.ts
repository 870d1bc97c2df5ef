// What a call format is: how calls become text for the model, and back. Implementations: formats/<name>.ts, listed in
// registry.ts. Every format writes strings with JSON escapes; a leading space of a value is written \u0020, because one
// raw space before a value is what a byte-level tokenizer with add_prefix_space leaves there and the parser strips it.

import type { Grammar, GrammarOptions } from "../constrain/types.ts";
import type { Call, FunctionSchema } from "../types.ts";

/**
 * A piece of rendered text. `fixed` pieces are structure (`set_alarm(`, `playlist="`, `")`) and each is one of
 * `specialTokens`; the others are values, to be encoded as plain text (never matched against the special tokens).
 */
export interface Part {
  text: string;
  fixed: boolean;
}

/** How calls are written. */
export interface CallFormat {
  readonly name: string;
  /** The calls as text; arguments in the order in which each call holds them. */
  render(calls: readonly Call[], functions: readonly FunctionSchema[]): string;
  /** The same text in pieces; joining `text` gives `render`. What a tokenizer with added tokens should encode. */
  parts(calls: readonly Call[], functions: readonly FunctionSchema[]): Part[];
  /** The calls in a text; throws HandheldError "invalid-call" with line and column. Does not check against schemas. */
  parse(text: string): Call[];
  /** The automaton of all texts that parse and validate, for constrained decoding. */
  grammar(functions: readonly FunctionSchema[], options?: GrammarOptions): Grammar;
  /** Every fixed part that `parts` can produce: give each one token. Sorted, without duplicates. */
  specialTokens(functions: readonly FunctionSchema[], options?: GrammarOptions): string[];
}
