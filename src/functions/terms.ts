// The words of a text that tell it from others: of names (set_alarm, AddToPlaylist) their parts, of inflected words the
// stem, no function words. What retrieval counts and what texts are compared by.
import { spanEdges } from "./spans.ts";

/** English words that are in any request, and so say nothing of one. */
const functionWords = new Set(
  `a an and are as at be been but by can could d did do does for from had has have hey i if in into is it its ll let m may me
  my of on or our please re s shall should so some t that the their them then there these they this those to us ve want was
  we were what when where which who will with would you your`.split(/\s+/),
);

/**
 * The terms of a text in its order, repeated as they are repeated there; function words only where there is nothing else.
 *
 * @example
 * ```ts
 * terms("Setting the ALARM_CLOCK"); // ["set", "alarm", "clock"]
 * ```
 */
export function terms(text: string): string[] {
  const apart = text
    .replace(/_/g, " ")
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2");
  const { starts, ends } = spanEdges(apart);
  const words = starts
    .map((start, i) => apart.slice(start, ends[i]).toLowerCase())
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const telling = words.filter((word) => !functionWords.has(word));
  return (telling.length > 0 ? telling : words).map(stem);
}

/** A word without plural, -ing, -ed and a final -e: enough for "playing", "plays" and "play" to be one. */
function stem(word: string): string {
  if (!/^[a-z]{4,}$/.test(word)) return word;
  const one = word
    .replace(/ies$/, "y")
    .replace(/(ss|sh|ch|x|z)es$/, "$1")
    .replace(/([^su])s$/, "$1");
  const base = one.replace(/([aeiouy].*)(?:ing|ed)$/, "$1");
  const short = base === one || base.length < 3 ? one : base.replace(/([^aeioulsz])\1$/, "$1");
  return short.length > 3 ? short.replace(/e$/, "") : short;
}
