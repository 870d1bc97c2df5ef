// Columns of a row with the type that a function needs.
import { HandheldError, quoteValue } from "../../../errors.ts";
import type { Row } from "../template.ts";

/** A column that holds text. @throws HandheldError `invalid-data` that names it */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new HandheldError("invalid-data", `column ${column} holds ${quoteValue(value)}, a text is needed`);
}

/** A column that holds a list of texts. @throws HandheldError `invalid-data` that names it */
export function textsOf(row: Row, column: string): string[] {
  const value = row[column];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new HandheldError("invalid-data", `column ${column} holds ${quoteValue(value)}, a list of texts is needed`);
}
