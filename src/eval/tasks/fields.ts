// doc_to_text, doc_to_target and doc_to_choice: what a task file says of them, as functions of a row.
import { HandheldError, invalidFile, quoteValue } from "../../errors.ts";
import type { Field } from "./config.ts";
import { parsePythonLiteral } from "./python-literal.ts";
import { pythonText } from "./python-text.ts";
import { compileTemplate, type Row } from "./template.ts";
import { findTwin } from "./twins.ts";
import { FunctionTag } from "./yaml.ts";

/** A question or an answer: text, or an index into the choices. */
export type Piece = string | number;

/** The fields that make a question. */
export interface Fields {
  text(row: Row): Piece;
  /** Several where any of them is right. */
  target(row: Row): Piece | Piece[];
  /** Null where the task has no choices. */
  choices: ((row: Row) => string[]) | null;
}

/** What a task file, or its fewshot_config, says. */
export interface FieldSources {
  doc_to_text?: Field | null | undefined;
  doc_to_target?: Field | null | undefined;
  doc_to_choice?: Field | null | undefined;
}

/** Reads the fields. @throws HandheldError `invalid-file` or `unsupported` that names file and field */
export function compileFields(sources: FieldSources, path: string): Fields {
  const choices = sources.doc_to_choice ?? null;
  const numbered = choices !== null;
  return {
    text: textField(sources.doc_to_text ?? "", numbered, `${path}: doc_to_text`),
    target: targetField(sources.doc_to_target ?? "", numbered, `${path}: doc_to_target`),
    choices: choices === null ? null : choicesField(choices, `${path}: doc_to_choice`),
  };
}

/** A text that is a column's or a template's. */
export function compileText(source: string, path: string): (row: Row) => string {
  const template = compileTemplate(source, path);
  return (row) => (Object.hasOwn(row, source) ? pythonText(row[source]) : template.render(row));
}

function textField(field: Field, numbered: boolean, where: string): (row: Row) => Piece {
  const value = fieldValue(field, where);
  return (row) => {
    const found = value(row);
    if (typeof found.value === "number" && (!found.rendered || numbered)) return found.value;
    if (!found.rendered && typeof found.value !== "string") throw notText(found.value, where);
    return numberWhere(numbered && found.rendered, pythonText(found.value));
  };
}

function targetField(field: Field, numbered: boolean, where: string): (row: Row) => Piece | Piece[] {
  const value = fieldValue(field, where);
  return (row) => {
    const found = value(row);
    if (Array.isArray(found.value))
      return found.value.map((item) => (typeof item === "number" ? item : pythonText(item)));
    if (typeof found.value === "number" && (!found.rendered || numbered)) return found.value;
    const text = pythonText(found.value);
    if (found.rendered && /^\[.*\]$/s.test(text)) {
      const list = literal(text);
      if (Array.isArray(list)) return list as Piece[];
    }
    if (typeof found.value === "boolean" && !found.rendered) return Number(found.value);
    return numberWhere(numbered && found.rendered, text);
  };
}

function choicesField(field: Field, where: string): (row: Row) => string[] {
  if (typeof field === "object" && !Array.isArray(field) && !(field instanceof FunctionTag)) {
    const listed = Object.values(field).map(pythonText);
    return () => listed;
  }
  const value = fieldValue(field, where);
  return (row) => {
    const { value: found, rendered } = value(row);
    const list = rendered && typeof found === "string" ? parsePythonLiteral(found) : found;
    if (!Array.isArray(list)) throw new HandheldError("invalid-data", `${where} gives ${quoteValue(list)} and no list`);
    if (list.length === 0) throw new HandheldError("invalid-data", `${where} gives an empty list`);
    return list.map(pythonText);
  };
}

/** A field's value, and whether a template gave it: Python would have made a text of it. */
function fieldValue(field: Field, where: string): (row: Row) => { value: unknown; rendered: boolean } {
  if (field instanceof FunctionTag) {
    const run = findTwin(field, "field", where);
    return (row) => ({ value: at(where, () => run(row)), rendered: false });
  }
  if (typeof field !== "string") return () => ({ value: field, rendered: false });
  const template = compileTemplate(field, where);
  return (row) => {
    if (Object.hasOwn(row, field)) return { value: row[field], rendered: false };
    return { value: template.value(row), rendered: true };
  };
}

/** Adds the field's name to what a function throws. */
function at<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof HandheldError) throw new HandheldError(cause.code, `${where}: ${cause.message}`, { cause });
    throw invalidFile(where, (cause as Error).message, cause);
  }
}

function notText(value: unknown, where: string): HandheldError {
  return new HandheldError("invalid-data", `${where} gives ${quoteValue(value)}, a text is needed`);
}

function numberWhere(wanted: boolean, text: string): Piece {
  return wanted && /^\d+$/.test(text) ? Number(text) : text;
}

function literal(text: string): unknown {
  try {
    return parsePythonLiteral(text);
  } catch {
    return undefined;
  }
}
