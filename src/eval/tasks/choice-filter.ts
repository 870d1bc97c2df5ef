// The filter `multi_choice_regex`: which choice an answer in words means. It looks for the pattern, then for the text of a
// choice of the document's column `choices`, then for a letter behind a colon; what is found is a letter in brackets.
import { HandheldError } from "../../errors.ts";
import { findAll, pythonRegex, strip } from "./python-regex.ts";
import type { Row } from "./template.ts";

/** @throws HandheldError `invalid-file` that begins with `where`; the filter `invalid-data` for a row without choices */
export function choiceFilter(
  regex: RegExp,
  select: number,
  fallback: string,
  options: Readonly<Record<string, unknown>>,
  where: string,
): (text: string, row: Row) => string {
  const ignored = [options.regexes_to_ignore ?? []].flat().map((one) => pythonRegex(String(one), where));
  const plain = (text: string) => {
    let left = ignored.reduce((rest, pattern) => rest.replace(pattern, ""), text);
    if (options.ignore_case) left = left.toLowerCase();
    return options.ignore_punctuation ? left.replace(/\p{P}/gu, "") : left;
  };
  return (text, row) => {
    const choices = row.choices;
    if (!Array.isArray(choices) || !choices.every((choice) => typeof choice === "string")) {
      throw new HandheldError("invalid-data", `${where}: multi_choice_regex needs a column choices, a list of texts`);
    }
    const letters = choices.map((_, i) => String.fromCharCode(65 + i));
    const texts = choices.map((choice) => plain(strip(choice)));
    const byText = new Map(texts.map((one, i) => [one, `(${letters[i]})`]));
    // The longest first: a choice may begin as another one does.
    const anyText = texts.map(literally).sort((a, b) => b.length - a.length);
    const named = () => findOne(plain(text), new RegExp(anyText.join("|"), "g"), select);
    const lettered = () => findOne(text, new RegExp(`:\\s*(${letters.join("|")})`, "g"), select);
    const letter = () => lettered()?.replace(/^(.)$/, "($1)");
    const meant = () => {
      const found = named();
      return found && (byText.get(found) ?? found);
    };
    return findOne(text, regex, select) || meant() || letter() || fallback;
  };
}

/** The match at a place of all there are, of several groups the first that has something. */
export function findOne(text: string, regex: RegExp, select: number): string | undefined {
  const match = findAll(text, regex).at(select);
  const found = Array.isArray(match) ? match.find((group) => group !== "") : match;
  return found === undefined ? undefined : strip(found);
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
