// Every fixed part that render.ts can produce for a set of functions: the vocabulary of structure.

import type { GrammarOptions } from "../constrain/types.ts";
import { isStringList, referenceFits, referenceName } from "../references.ts";
import type { FunctionSchema, ParameterSchema } from "../types.ts";
import { objectKey } from "./render.ts";
import type { CallSyntax } from "./syntax.ts";

/** Collects the tokens of one syntax and set of functions. */
class TokenCollector {
  readonly tokens = new Set<string>();
  readonly #syntax: CallSyntax;
  readonly #returned: ParameterSchema[];

  constructor(syntax: CallSyntax, functions: readonly FunctionSchema[], maxCalls: number) {
    this.#syntax = syntax;
    this.#returned = maxCalls < 2 ? [] : functions.flatMap((f) => f.returns ?? []);
  }

  /** Structure before the first value part of a `schema` value: `"`, `["`, `` (a bare literal) … */
  openers(schema: ParameterSchema, insideList = false): string[] {
    const out: string[] = [];
    if (schema.enum) return [...new Set(schema.enum.map((v) => (typeof v === "string" ? '"' : "")))];
    if (this.#takesReference(schema, insideList)) out.push(this.#syntax.referenceQuote);
    if (schema.type === "array") {
      if (isStringList(schema)) out.push('"');
      out.push("[", ...this.openers(itemsOf(schema), true).map((o) => `[${o}`));
    } else if (schema.type === "object") out.push("{", ...(schema.properties ? [] : ['{"']));
    else out.push(schema.type === "string" ? '"' : "");
    return [...new Set(out)];
  }

  /** Structure after the last value part of a `schema` value. */
  closers(schema: ParameterSchema, insideList = false): string[] {
    const out: string[] = [];
    if (schema.enum || (schema.type !== "array" && schema.type !== "object")) return this.openers(schema, insideList);
    if (this.#takesReference(schema, insideList)) out.push(this.#syntax.referenceQuote);
    if (schema.type === "array") {
      if (isStringList(schema)) out.push('"');
      out.push("]", ...this.closers(itemsOf(schema), true).map((c) => `${c}]`));
    } else {
      out.push("}");
      for (const property of propertiesOf(schema)) out.push(...this.closers(property).map((c) => `${c}}`));
    }
    return [...new Set(out)];
  }

  /** Tokens of the entries of a call or an object; `close` ends it. */
  entries(properties: Record<string, ParameterSchema>, key: (name: string) => string, close?: string): void {
    for (const [name, schema] of Object.entries(properties)) {
      for (const opener of this.openers(schema)) this.tokens.add(key(name) + opener);
      for (const closer of this.closers(schema)) {
        this.tokens.add(closer + this.#syntax.comma);
        if (close !== undefined) this.tokens.add(closer + close);
      }
      this.#inside(schema);
    }
    if (close !== undefined) this.tokens.add(close);
  }

  /** Tokens that occur only inside a value: between list items, and an object's own entries. */
  #inside(schema: ParameterSchema): void {
    if (schema.enum) return;
    if (schema.type === "array") {
      const items = itemsOf(schema);
      for (const closer of this.closers(items, true)) {
        for (const opener of this.openers(items, true)) this.tokens.add(closer + this.#syntax.comma + opener);
      }
      this.#inside(items);
    } else if (schema.type === "object") {
      if (!schema.properties) for (const text of [this.#syntax.colon, this.#syntax.comma]) this.tokens.add(`"${text}"`);
      else this.entries(schema.properties, (name) => objectKey(this.#syntax, name));
    }
  }

  #takesReference(schema: ParameterSchema, insideList: boolean): boolean {
    return this.#returned.some((r) => referenceFits(r, schema, insideList));
  }
}

function itemsOf(schema: ParameterSchema): ParameterSchema {
  return schema.items ?? { type: "string" };
}

/** The entries of an object; a free-form object holds strings. */
function propertiesOf(schema: ParameterSchema): ParameterSchema[] {
  return schema.properties === undefined ? [{ type: "string" }] : Object.values(schema.properties);
}

/** See `CallFormat.specialTokens`. */
export function collectSpecialTokens(
  syntax: CallSyntax,
  functions: readonly FunctionSchema[],
  options: GrammarOptions = {},
): string[] {
  const maxCalls = options.maxCalls ?? 4;
  const collector = new TokenCollector(syntax, functions, maxCalls);
  const { tokens } = collector;
  for (const text of [syntax.begin, syntax.end, syntax.close]) tokens.add(text);
  if (maxCalls > 1) tokens.add(syntax.separator);
  for (let i = 1; i <= maxCalls; i++) {
    tokens.add(syntax.prefix(i));
    if (i < maxCalls && syntax.referenceQuote === "" && functions.some((f) => f.returns)) tokens.add(referenceName(i));
  }
  for (const f of functions) {
    tokens.add(syntax.open(f.name));
    collector.entries(f.parameters.properties, syntax.key, syntax.close);
  }
  tokens.delete("");
  return [...tokens].sort();
}
