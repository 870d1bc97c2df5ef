// Words of a query: where a copied (extractive) value may start and end.

/** Scripts written without spaces: every character is a word of its own. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const WORD = /[\p{L}\p{N}_]/u;
/** Combining marks, joiners, variation selectors and skin tones continue the character before them. */
const CONTINUES = /[\p{M}\p{Emoji_Modifier}\u200c\u200d]/u;
const SPACE = /\s/u;

type Kind = "space" | "word" | "alone";

/** Kinds of the first 128 characters: the classes above are slow to ask for each character of a data set. */
const ASCII_KINDS: readonly Kind[] = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  return SPACE.test(character) ? "space" : WORD.test(character) ? "word" : "alone";
});

/** One character with what sticks to it: `start` and `end` are UTF-16 offsets. */
interface Piece {
  start: number;
  end: number;
  kind: Kind;
}

function kindOf(character: string): Kind {
  const code = character.charCodeAt(0);
  if (code < 0x80) return ASCII_KINDS[code] as Kind;
  if (SPACE.test(character)) return "space";
  return WORD.test(character) && !UNSPACED.test(character) ? "word" : "alone";
}

function pieces(text: string): Piece[] {
  const out: Piece[] = [];
  let offset = 0;
  let joined = false;
  for (const character of text) {
    const last = out.at(-1);
    const end = offset + character.length;
    if (last && last.kind !== "space" && (joined || (character > "\u007f" && CONTINUES.test(character))))
      last.end = end;
    else out.push({ start: offset, end, kind: kindOf(character) });
    joined = character === "\u200d";
    offset = end;
  }
  return out;
}

/** UTF-16 offsets at which a span of a text may start and end. */
export interface SpanEdges {
  starts: number[];
  ends: number[];
}

/**
 * Where spans of `text` may start and end: at the edges of runs of letters and digits, and around every other visible
 * character (punctuation, an emoji with its modifiers, a Chinese character). A span never starts or ends with a space.
 *
 * @example
 * ```ts
 * spanEdges("play it!"); // { starts: [0, 5, 7], ends: [4, 7, 8] }
 * ```
 */
export function spanEdges(text: string): SpanEdges {
  const all = pieces(text);
  const starts: number[] = [];
  const ends: number[] = [];
  all.forEach((piece, i) => {
    if (piece.kind === "space") return;
    const inWord = piece.kind === "word";
    if (!inWord || all[i - 1]?.kind !== "word") starts.push(piece.start);
    if (!inWord || all[i + 1]?.kind !== "word") ends.push(piece.end);
  });
  return { starts, ends };
}

/** Whether `value` is a span of the text whose edges are given. */
export function isSpan(value: string, text: string, edges: SpanEdges): boolean {
  if (value === "") return false;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (edges.starts.includes(at) && edges.ends.includes(at + value.length)) return true;
  }
  return false;
}

/** `text` with runs of white space as one space and none at the ends. */
export function normalizeSpace(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}
