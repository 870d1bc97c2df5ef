// Parameter schemas -> frames of their values. Frames are built when the automaton first gets there.

import { type CopyFormat, copyFormatOf } from "../copy-formats.ts";
import { type CallSyntax, escapeText } from "../formats/syntax.ts";
import { isStringList, type Reference, referenceFits, referenceName, referencesKey } from "../references.ts";
import type { ParameterSchema } from "../types.ts";
import { type Alternative, above, choice } from "./choice.ts";
import { decimalRange } from "./decimal.ts";
import type { Frame } from "./frame.ts";
import { decimal, Extractive, FREE_TEXT } from "./text.ts";

const STRING: ParameterSchema = { type: "string" };
const utf8 = new TextEncoder();

/** What has named, typed parts: the parameters of a function, or an object parameter. */
export interface Fields {
  properties?: Record<string, ParameterSchema> | undefined;
  required?: string[] | undefined;
}

const ends = (text: string): Alternative => ({ text, frames: () => [] });

/** A literal that may be complete at its end, after at most one space; content from its first byte. */
function bareLiteral(text: string): Alternative[] {
  return [text, ` ${text}`].map((literal) => ({ text: literal, content: [0, literal.length] as const }));
}

/** A quoted literal, with at most one space after the opening quote; content between the quotes. */
function quotedLiteral(value: string | number): Alternative[] {
  const inside = escapeText(`${value}`);
  return [inside, ` ${inside}`].map((text) => {
    return { ...ends(`"${text}"`), content: [1, utf8.encode(text).length + 1] as const };
  });
}

const literal = (value: string | number): Alternative[] =>
  typeof value === "string" ? quotedLiteral(value) : bareLiteral(JSON.stringify(value));

/** An opening quote and what follows it. */
function quoted(schema: ParameterSchema, references: readonly string[]): Alternative[] {
  if (schema.enum) return schema.enum.flatMap(quotedLiteral);
  return [
    { text: '"', frames: () => [schema.extractive ? new Extractive(references, copyFormatOf(schema)) : FREE_TEXT] },
  ];
}

/** Builds the frames of one grammar. */
export class ValueFrames {
  readonly #syntax: CallSyntax;
  readonly #maxItems: number;
  readonly #missing: ReadonlySet<CopyFormat>;
  readonly #ids = new Map<object, number>();
  readonly #frames = new Map<string, Frame>();

  /** `missing`: formats of which the query holds no value, so that only results can have them. */
  constructor(syntax: CallSyntax, maxItems: number, missing: ReadonlySet<CopyFormat>) {
    this.#syntax = syntax;
    this.#maxItems = maxItems;
    this.#missing = missing;
  }

  /** Whether all that `fields` require can be given. */
  canFill(fields: Fields, references: readonly Reference[]): boolean {
    return (fields.required ?? []).every((name) => {
      const schema = fields.properties?.[name];
      return schema === undefined || this.#canGive(schema, references);
    });
  }

  #canGive(schema: ParameterSchema, references: readonly Reference[], insideList = false): boolean {
    if (references.some((r) => referenceFits(r.returns, schema, insideList))) return true;
    if (schema.type === "array") return this.#canGive(schema.items ?? STRING, references, true);
    if (schema.type === "object") return this.canFill(schema, references);
    return this.#canCopy(schema);
  }

  /** The entries of `fields`, each at most once, all required ones before `close`; `used` are there already. */
  entries(
    fields: Fields,
    key: (name: string) => string,
    close: string,
    references: readonly Reference[],
    used: readonly number[] = [],
  ): Frame {
    return this.#frame(`a${this.#id(fields)}:${used}`, references, (frameKey) => {
      const properties = Object.entries(fields.properties ?? {});
      const missing = properties.some(([name], i) => fields.required?.includes(name) && !used.includes(i));
      const alternatives = properties.flatMap(([name, schema], i): Alternative[] => {
        if (used.includes(i) || !this.#canGive(schema, references)) return [];
        const text = (used.length === 0 ? "" : this.#syntax.comma) + key(name);
        const now = [...used, i].sort((a, b) => a - b);
        const rest = () => this.entries(fields, key, close, references, now);
        return [{ text, frames: () => [rest(), this.start(schema, references)] }];
      });
      return choice(frameKey, missing ? alternatives : [ends(close), ...alternatives]);
    });
  }

  /** The start of a value of `schema` in which `references` may stand. */
  start(schema: ParameterSchema, references: readonly Reference[], insideList = false): Frame {
    const numeric = !schema.enum && (schema.type === "integer" || schema.type === "number");
    return this.#frame(`v${this.#id(schema)}${insideList ? "i" : ""}`, references, (key) => {
      const fitting = references.filter((r) => referenceFits(r.returns, schema, insideList));
      const names = fitting.map((r) => referenceName(r.number));
      const range = numeric && decimalRange(schema.type === "integer", schema.minimum, schema.maximum);
      const otherwise = range ? decimal(this.#id(schema), range) : undefined;
      return choice(key, this.#alternatives(schema, references, names), { otherwise });
    });
  }

  #alternatives(schema: ParameterSchema, references: readonly Reference[], names: readonly string[]): Alternative[] {
    if (schema.enum) return schema.enum.flatMap(literal);
    const text = schema.type === "string" ? schema : isStringList(schema) ? (schema.items ?? STRING) : undefined;
    const asText = this.#syntax.referenceQuote === '"';
    const out: Alternative[] = asText ? [] : names.map(ends);
    if (text && this.#canCopy(text)) out.push(...quoted(text, asText ? names : []));
    else if (asText) out.push(...names.flatMap(quotedLiteral));
    const listed = schema.type === "array" && this.#canGive(schema.items ?? STRING, references, true);
    if (listed) out.push({ text: "[", frames: () => [this.#list(schema, references, 0)] });
    if (schema.type === "object") out.push({ text: "{", frames: () => [this.#object(schema, references)] });
    const { literals } = this.#syntax;
    if (schema.type === "boolean") out.push(...[literals.true, literals.false].flatMap(bareLiteral));
    return out;
  }

  #canCopy(schema: ParameterSchema): boolean {
    const format = copyFormatOf(schema);
    return format === undefined || !this.#missing.has(format);
  }

  /** Between the items of a list of which `count` are there. */
  #list(schema: ParameterSchema, references: readonly Reference[], count: number): Frame {
    return this.#frame(`l${this.#id(schema)}:${count}`, references, (key) => {
      const item = this.start(schema.items ?? STRING, references, true);
      const longer = () => this.#list(schema, references, count + 1);
      const close = ends("]");
      if (count === 0) return choice(key, [close], { otherwise: above(longer, item) });
      const next: Alternative = { text: this.#syntax.comma, frames: () => [longer(), item] };
      return choice(key, count < this.#maxItems ? [close, next] : [close]);
    });
  }

  #object(schema: ParameterSchema, references: readonly Reference[]): Frame {
    if (schema.properties === undefined) return this.#freeObject(0);
    return this.entries(schema, (name) => `"${escapeText(name)}"${this.#syntax.colon}`, "}", references);
  }

  /** An object without declared properties: text keys with text values, after `count` of them. */
  #freeObject(count: number): Frame {
    const value: Alternative = { text: `${this.#syntax.colon}"`, frames: () => [FREE_TEXT] };
    const text = `${count === 0 ? "" : this.#syntax.comma}"`;
    const next: Alternative = { text, frames: () => [this.#freeObject(count + 1), choice("o:", [value]), FREE_TEXT] };
    return choice(`o${count}`, count < this.#maxItems ? [ends("}"), next] : [ends("}")]);
  }

  #id(part: object): number {
    let id = this.#ids.get(part);
    if (id === undefined) this.#ids.set(part, (id = this.#ids.size));
    return id;
  }

  /** The frame called `name` for these references, made once. */
  #frame(name: string, references: readonly Reference[], make: (key: string) => Frame): Frame {
    const key = `${name}:${referencesKey(references)}`;
    let frame = this.#frames.get(key);
    if (!frame) this.#frames.set(key, (frame = make(key)));
    return frame;
  }
}
