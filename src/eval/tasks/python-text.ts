// Values as Python writes them: what a template makes of a list or of a truth value within a text.

/** As str(): texts as they are, everything else as {@link pythonRepr}. */
export function pythonText(value: unknown): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** As repr(): `True`, `None`, `['it', "it's"]`, `{'a': 1}`. */
export function pythonRepr(value: unknown): string {
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null || value === undefined) return "None";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${quoted(key)}: ${pythonRepr(inner)}`);
  return `{${entries.join(", ")}}`;
}

// Double quotes only around what has single ones and no double ones; what cannot be seen by its number.
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\'\p{C}\p{Z}]/gu, (character) => {
    if (character === " ") return character;
    if (character === "\\" || character === quote) return `\\${character}`;
    if (character === "'") return character;
    return named[character] ?? byNumber(character.codePointAt(0)!);
  });
  return quote + body + quote;
}

const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function byNumber(code: number): string {
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
