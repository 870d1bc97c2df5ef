// WinoGrande (Sakaguchi et al. 2019) by partial evaluation (Trinh & Le 2018): each option fills the blank, and what is
// scored is the rest of the sentence behind it.
import { HandheldError } from "../../../errors.ts";
import { strip } from "../python-regex.ts";
import type { Row } from "../template.ts";
import { textOf } from "./columns.ts";

/** The index of the right option. */
export function winograndeText(row: Row): number {
  const at = ["1", "2"].indexOf(String(row.answer));
  if (at >= 0) return at;
  throw new HandheldError("invalid-data", `column answer holds ${JSON.stringify(row.answer)}, "1" or "2" is needed`);
}

/** What follows the blank. */
export function winograndeTarget(row: Row): string {
  return strip(textOf(row, "sentence").slice(blank(row) + 1));
}

/** The sentence up to the blank with each option in it. */
export function winograndeChoices(row: Row): string[] {
  const before = textOf(row, "sentence").slice(0, blank(row));
  return [before + textOf(row, "option1"), before + textOf(row, "option2")];
}

function blank(row: Row): number {
  const at = textOf(row, "sentence").indexOf("_");
  if (at >= 0) return at;
  throw new HandheldError("invalid-data", `column sentence has no blank ("_")`);
}
