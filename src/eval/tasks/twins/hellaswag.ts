// HellaSwag (Zellers et al. 2019): the beginning and its endings without the marks of WikiHow, and the activity before it.
import { capitalize, strip } from "../python-regex.ts";
import type { Row } from "../template.ts";
import { textOf, textsOf } from "./columns.ts";

/** Rows with `query`, `choices` and `gold`. */
export function hellaswagDocs(rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const context = `${textOf(row, "ctx_a")} ${capitalize(textOf(row, "ctx_b"))}`;
    return {
      ...row,
      query: clean(`${textOf(row, "activity_label")}: ${context}`),
      choices: textsOf(row, "endings").map(clean),
      gold: Number(row.label),
    };
  });
}

function clean(text: string): string {
  const plain = strip(text)
    .replaceAll(" [title]", ". ")
    .replace(/\[[^\n]*?\]/g, "");
  return plain.replaceAll("  ", " ");
}
