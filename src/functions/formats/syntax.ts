// A call format as data: the punctuation around names and values. render.ts, special-tokens.ts and the grammar of
// constrain/ all read the same table, so they cannot disagree.

/** The punctuation of one call format. */
export interface CallSyntax {
  readonly name: string;
  /** Before the first call and after the last; both "" or both not. */
  readonly begin: string;
  readonly end: string;
  /** Between calls. */
  readonly separator: string;
  /** What precedes call `number` (from 1), such as `result1 = `. */
  prefix(number: number): string;
  /** Opens a call of `name` up to its first argument. */
  open(name: string): string;
  readonly close: string;
  /** Between arguments, list items and object entries. */
  readonly comma: string;
  /** Names an argument. */
  key(name: string): string;
  /** Between key and value of an object. */
  readonly colon: string;
  readonly literals: { readonly true: string; readonly false: string; readonly null: string };
  /** How a reference to an earlier result is quoted: `"` in JSON, "" for a bare identifier. */
  readonly referenceQuote: '"' | "";
}

/** JSON's spelling of the three words. */
export const JSON_LITERALS = { true: "true", false: "false", null: "null" } as const;

/** Python's spelling of the three words. */
export const PYTHON_LITERALS = { true: "True", false: "False", null: "None" } as const;

/**
 * The inside of a JSON string literal for `text`. A leading space becomes `\u0020`: parsers take one raw space at the
 * start of a string for the tokenizer's.
 */
export function escapeText(text: string): string {
  const inside = JSON.stringify(text).slice(1, -1);
  return inside.startsWith(" ") ? `\\u0020${inside.slice(1)}` : inside;
}
