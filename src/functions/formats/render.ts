// Calls -> parts: structure merged into as few pieces as possible, values apart. The order of arguments is the caller's.

import { asReference, type Reference, referencesBefore } from "../references.ts";
import type { Call, FunctionSchema, Json, ParameterSchema } from "../types.ts";
import type { Part } from "./format.ts";
import { type CallSyntax, escapeText } from "./syntax.ts";

/** Collects parts; structure stays pending until a value, a key or a call boundary ends it. */
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

function writeValue(context: Context, value: Json, schema: ParameterSchema | undefined): void {
  const { writer, syntax } = context;
  if (typeof value === "string") {
    writeString(context, value);
  } else if (Array.isArray(value)) {
    writer.fixed("[");
    value.forEach((item, i) => {
      if (i > 0) writer.fixed(syntax.comma);
      writeValue(context, item, schema?.items);
    });
    writer.fixed("]");
  } else if (typeof value === "object" && value !== null) writeObject(context, value, schema?.properties);
  else writer.value(typeof value === "number" ? JSON.stringify(value) : syntax.literals[`${value}`]);
}

/** A bare reference is structure: what it may be depends on the calls before. */
function writeString({ writer, syntax, references }: Context, value: string): void {
  if (syntax.referenceQuote === "" && asReference(value, references)) {
    writer.token(value);
    return;
  }
  writer.fixed('"');
  writer.value(escapeText(value));
  writer.fixed('"');
}

/** Keys that the schema names are structure; the keys of a free-form object are values. */
function writeObject(context: Context, value: { [key: string]: Json }, properties?: Record<string, ParameterSchema>) {
  const { writer, syntax } = context;
  writer.fixed("{");
  Object.entries(value).forEach(([key, item], i) => {
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
