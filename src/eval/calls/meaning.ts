// Whether two short texts say the same, by their words alone: the same for every model and machine. DroidCall asks BERTScore
// (F1 above 0.85); this needs no further model, and knows no synonyms.
import { terms } from "../../functions/terms.ts";
import { commonWords, fMeasure } from "./rouge.ts";

/** Least F-measure of the common terms. */
const threshold = 0.6;

/**
 * Whether two texts mean the same: their terms (stems without function words, see `terms`) have an F-measure of at least 0.6,
 * and they have the same numbers.
 *
 * @example
 * ```ts
 * sameMeaning("Meeting with the team", "team meetings"); // true
 * sameMeaning("dinner at 8", "dinner at 9"); // false
 * ```
 */
export function sameMeaning(a: string, b: string): boolean {
  const [left, right] = [terms(a), terms(b)];
  if (left.length === 0 || right.length === 0) return a.trim() === b.trim();
  const numbers = (list: readonly string[]) =>
    list
      .filter((term) => /\p{N}/u.test(term))
      .sort()
      .join(" ");
  return numbers(left) === numbers(right) && fMeasure(commonWords(left, right), left.length, right.length) >= threshold;
}
