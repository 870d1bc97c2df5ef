// Python's regular expressions, as task files write them, in JavaScript's: what both have in common, and the few
// spellings that differ. What only Python has is refused by JavaScript's own parser.
import { invalidFile } from "../../errors.ts";

/** Python's white space (str.isspace), which JavaScript's \s nearly is. */
export const space = "(?:(?!\\ufeff)[\\s\\u001c-\\u001f\\u0085])";
const [ahead, behind] = [new RegExp(`^${space}+`, "u"), new RegExp(`${space}+$`, "u")];

/** As str.lstrip(), str.rstrip() and str.strip(). */
export const lstrip = (text: string): string => text.replace(ahead, "");
export const rstrip = (text: string): string => text.replace(behind, "");
export const strip = (text: string): string => rstrip(lstrip(text));

/** Whether a text begins, or ends, with white space. */
export const startsWithSpace = (text: string): boolean => ahead.test(text);
export const endsWithSpace = (text: string): boolean => behind.test(text);

/** As str.capitalize(): the first character large, the others small. */
export function capitalize(text: string): string {
  const [first = ""] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** Characters as Python counts them. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** A pattern for all matches. @throws HandheldError `invalid-file`, which `where` prefixes, for what JavaScript cannot do */
export function pythonRegex(pattern: string, where: string): RegExp {
  let flags = "g";
  const source = pattern
    .replace(/^\(\?([aimsu]+)\)/, (_, letters: string) => {
      for (const letter of letters) if ("ims".includes(letter)) flags += letter;
      return "";
    })
    .replace(/\(\?P<(\w+)>/g, "(?<$1>")
    .replace(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replace(/\\A/g, "^")
    .replace(/\\Z/g, "$");
  try {
    return new RegExp(source, flags + (/\\p\{/i.test(source) ? "u" : ""));
  } catch (cause) {
    throw invalidFile(where, `the pattern ${JSON.stringify(pattern)} is none: ${(cause as Error).message}`, cause);
  }
}

/** As re.sub: the replacement knows `\1` and `\g<name>`. */
export function substitute(text: string, regex: RegExp, replacement: string, count = 0): string {
  const template = replacement
    .replace(/\$/g, "$$$$")
    .replace(/\\g<(\w+)>/g, (_, name: string) => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`))
    .replace(/\\(\d{1,2})/g, "$$$1")
    .replace(/\\n/g, "\n");
  if (count === 0) return text.replace(regex, template);
  const once = new RegExp(regex.source, regex.flags.replace("g", ""));
  let done = "";
  let rest = text;
  for (let i = 0; i < count; i++) {
    const match = once.exec(rest);
    if (match === null) break;
    const end = match.index + match[0].length;
    done += rest.slice(0, match.index) + match[0].replace(once, template);
    rest = rest.slice(end);
  }
  return done + rest;
}

/** As re.findall: whole matches, or the groups where there are any. */
export function findAll(text: string, regex: RegExp): (string | string[])[] {
  return Array.from(text.matchAll(regex), ([whole, ...groups]) => {
    if (groups.length === 0) return whole;
    return groups.length === 1 ? (groups[0] ?? "") : groups.map((group) => group ?? "");
  });
}
