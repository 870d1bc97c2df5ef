// WikiText (Merity et al. 2016): its spaced-out text as one would write it, scored per word and byte of the text as it was.
import { space } from "../python-regex.ts";
import type { Row } from "../template.ts";
import type { Answer, SampleValue } from "../twins.ts";
import { textOf } from "./columns.ts";

const replacements: readonly (readonly [string | RegExp, string])[] = [
  ["s '", "s'"],
  [/\/' [0-9]\//g, "/'[0-9]/"],
  [" @-@ ", "-"],
  [" @,@ ", ","],
  [" @.@ ", "."],
  [" : ", ": "],
  [" ; ", "; "],
  [" . ", ". "],
  [" ! ", "! "],
  [" ? ", "? "],
  [" , ", ", "],
  [new RegExp(`\\(${space}*([^)]*?)${space}*\\)`, "g"), "($1)"],
  [new RegExp(`\\[${space}*([^\\]]*?)${space}*\\]`, "g"), "[$1]"],
  [new RegExp(`\\{${space}*([^}]*?)${space}*\\}`, "g"), "{$1}"],
  [new RegExp(`"${space}*([^"]*?)${space}*"`, "g"), '"$1"'],
  [new RegExp(`'${space}*([^']*?)${space}*'`, "g"), "'$1'"],
  ["= = = =", "===="],
  ["= = =", "==="],
  ["= =", "=="],
  [" ° ", "°"],
  [" \n", "\n"],
  ["\n ", "\n"],
  [" N ", " 1 "],
  [" 's", "'s"],
];

/** The text as it would be written. */
export function wikitextText(row: Row): string {
  return replacements.reduce((text, [from, to]) => text.replaceAll(from, to), textOf(row, "page"));
}

/** Log-likelihood with the words and bytes of the page as it was. */
export function wikitextResults(row: Row, [answer]: readonly Answer[]): Record<string, SampleValue> {
  const { logLikelihood } = answer as { logLikelihood: number };
  const page = textOf(row, "page");
  const words = page.split(new RegExp(`${space}+`)).length;
  const bytes = new TextEncoder().encode(page).byteLength;
  return {
    word_perplexity: [logLikelihood, words],
    byte_perplexity: [logLikelihood, bytes],
    bits_per_byte: [logLikelihood, bytes],
  };
}

/** One row per article, where the data is lines of text: an article begins with ` = Title = `. Rows with `page` stay. */
export function wikitextPages(rows: readonly Row[]): Row[] {
  const pages: string[] = [];
  for (const row of rows) {
    if ("page" in row) return [...rows];
    const line = textOf(row, "text");
    const isTitle = /^ = [^=].* = $/.test(line.replace(/\n$/, ""));
    const ended = line.endsWith("\n") ? line : `${line}\n`;
    if (isTitle || pages.length === 0) pages.push(ended);
    else pages[pages.length - 1] += ended;
  }
  return pages.filter((page) => page.trim() !== "").map((page) => ({ page }));
}
