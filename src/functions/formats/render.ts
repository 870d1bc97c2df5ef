// Calls -> parts: structure merged into as few pieces as possible, values apart. The order of arguments is the caller's.

import { fittingReference, type Reference, referencesBefore } from "../references.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "../types.ts";
import type { Part } from "./format.ts";
import { type CallSyntax, escapeText } from "./syntax.ts";

/**
 * Collects parts; structure stays pending until a value, a key, the inside of an empty list or object, or the boundary
 * of a call ends it. So the number of different fixed parts stays small (special-tokens.ts lists them).
 */
class PartWriter {
  readonly parts: Part[] = [];
  #pending = "";

  /** Adds structure to the pending piece. */
  fixed(text: string): void {
    this.#pending += text;
  }

  /** Ends the pending piece. */
  flush(): void {
    if (this.#pending !== "") this.parts.push({ text: this.#pending, fixed: true });
    this.#pending = "";
  }

  value(text: string): void {
    this.flush();
    if (text !== "") this.parts.push({ text, fixed: false });
  }

  /** A piece of its own. */
  token(text: string): void {
    this.flush();
    this.fixed(text);
    this.flush();
  }
}

/** The calls as parts of `syntax`. */
export function renderParts(syntax: CallSyntax, calls: readonly Call[], functions: readonly FunctionSchema[]): Part[] {
  const writer = new PartWriter();
  writer.token(syntax.begin);
  calls.forEach((call, i) => {
    if (i > 0) writer.token(syntax.separator);
    writer.token(syntax.prefix(i + 1));
    writer.token(syntax.open(call.name));
    const properties = functions.find((f) => f.name === call.name)?.parameters.properties ?? {};
    const context: Context = { writer, syntax, references: referencesBefore(calls, i, functions) };
    Object.entries(call.arguments).forEach(([name, value], j) => {
      if (j > 0) writer.fixed(syntax.comma);
      writer.flush();
      writer.fixed(syntax.key(name));
      writeValue(context, value, properties[name]);
    });
    writer.fixed(syntax.close);
    writer.flush();
  });
  writer.token(syntax.end);
  return writer.parts;
}

/** What stays the same within one call. */
interface Context {
  writer: PartWriter;
  syntax: CallSyntax;
  references: readonly Reference[];
}

function writeValue(context: Context, value: Json, schema: ParameterSchema | undefined, insideList = false): void {
  const { writer, syntax } = context;
  if (typeof value === "string") {
    const isReference = syntax.referenceQuote === "" && fittingReference(value, context.references, schema, insideList);
    // A bare reference is structure: what it may be depends on the calls before.
    if (isReference) writer.token(value);
    else {
      writer.fixed('"');
      writer.value(escapeText(value));
      writer.fixed('"');
    }
  } else if (Array.isArray(value)) {
    writer.fixed("[");
    if (value.length === 0) writer.flush();
    value.forEach((item, i) => {
      if (i > 0) writer.fixed(syntax.comma);
      writeValue(context, item, schema?.items, true);
    });
    writer.fixed("]");
  } else if (typeof value === "object" && value !== null) writeObject(context, value, schema?.properties);
  else writer.value(typeof value === "number" ? JSON.stringify(value) : syntax.literals[`${value}`]);
}

/** Keys that the schema names are structure; the keys of a free-form object are values. */
function writeObject(context: Context, value: { [key: string]: Json }, properties?: Record<string, ParameterSchema>) {
  const { writer, syntax } = context;
  writer.fixed("{");
  const entries = Object.entries(value);
  if (entries.length === 0) writer.flush();
  entries.forEach(([key, item], i) => {
    if (i > 0) writer.fixed(syntax.comma);
    const known = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) {
      writer.flush();
      writer.fixed(objectKey(syntax, key));
    } else {
      writer.fixed('"');
      writer.value(escapeText(key));
      writer.fixed(`"${syntax.colon}`);
    }
    writeValue(context, item, known);
  });
  writer.fixed("}");
}

/** The key of an object entry, up to its value. */
export function objectKey(syntax: CallSyntax, name: string): string {
  return `"${escapeText(name)}"${syntax.colon}`;
}
