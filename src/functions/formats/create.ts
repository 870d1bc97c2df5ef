// A CallFormat from its syntax table and its parser.

import { createGrammar } from "../constrain/grammar.ts";
import type { Call } from "../types.ts";
import type { CallFormat } from "./format.ts";
import { renderParts } from "./render.ts";
import { collectSpecialTokens } from "./special-tokens.ts";
import type { CallSyntax } from "./syntax.ts";

/** The format that `syntax` describes and `parse` reads. */
export function createFormat(syntax: CallSyntax, parse: (text: string) => Call[]): CallFormat {
  return {
    name: syntax.name,
    parse,
    parts: (calls, functions) => renderParts(syntax, calls, functions),
    render: (calls, functions) =>
      renderParts(syntax, calls, functions)
        .map((part) => part.text)
        .join(""),
    grammar: (functions, options) => createGrammar(syntax, functions, options),
    specialTokens: (functions, options) => collectSpecialTokens(syntax, functions, options),
  };
}
