// Sets of characters in Oniguruma's patterns, as JavaScript writes them with the flag v, within a class or on their own.

/** Characters of words. */
export const wordSet = "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
const space = "\\p{White_Space}";
/** All characters but a set. */
export const notOf = (set: string) => `[^${set}]`;

/** Escapes that are sets. */
export const setEscapes: Record<string, string> = {
  s: space,
  S: notOf(space),
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: wordSet,
  W: notOf(wordSet),
  h: "[0-9a-fA-F]",
  H: "[^0-9a-fA-F]",
};
/** POSIX classes, `[:alpha:]`; also names of properties. */
export const posixSets: Record<string, string> = {
  alnum: "[\\p{Alphabetic}\\p{Nd}]",
  alpha: "\\p{Alphabetic}",
  ascii: "[\\x00-\\x7f]",
  blank: "[\\p{Zs}\\t]",
  cntrl: "\\p{Cc}",
  digit: "\\p{Nd}",
  lower: "\\p{Lowercase}",
  punct: "[\\p{P}\\p{S}]",
  space,
  upper: "\\p{Uppercase}",
  word: wordSet,
  xdigit: "[0-9a-fA-F]",
};
/** Escapes of control characters. */
export const controls: Record<string, number> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, e: 27 };

/** A character by its code point, inside or outside of a class. */
export function literal(point: number): string {
  return /[A-Za-z0-9]/.test(String.fromCodePoint(point)) ? String.fromCodePoint(point) : `\\u{${point.toString(16)}}`;
}

/** A character and what it equals regardless of case, as a set. */
export function anyCase(point: number): string {
  const char = String.fromCodePoint(point);
  // ſ and K (Kelvin) fold to s and k.
  const all = new Set([
    char,
    char.toLowerCase(),
    char.toUpperCase(),
    ...({ s: "ſ", k: "K" }[char.toLowerCase()] ?? ""),
  ]);
  const single = [...all].filter((other) => [...other].length === 1).map((other) => literal(other.codePointAt(0)!));
  return single.length === 1 ? single[0]! : `[${single.join("")}]`;
}
