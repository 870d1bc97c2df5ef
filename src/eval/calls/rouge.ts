// ROUGE-1 and ROUGE-L (Lin 2004) as Python's rouge-score computes them, without its stemmer: F-measures over lower-case words
// of ASCII letters and digits.

/** Both F-measures of a text against a reference, 0..1, higher is better; 0 where either has no words. */
export interface RougeScores {
  rouge1: number;
  rougeL: number;
}

/**
 * Scores a text.
 *
 * @example
 * ```ts
 * rouge("the alarm is set", "your alarm is set to 7:30"); // { rouge1: 0.545…, rougeL: 0.545… }
 * ```
 */
export function rouge(text: string, reference: string): RougeScores {
  const [found, wanted] = [words(text), words(reference)];
  const share = (common: number) => fMeasure(common, found.length, wanted.length);
  return { rouge1: share(commonWords(found, wanted)), rougeL: share(longestCommonSubsequence(found, wanted)) };
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

/** Harmonic mean of `common` ÷ `found` and `common` ÷ `wanted`. */
export function fMeasure(common: number, found: number, wanted: number): number {
  return common === 0 ? 0 : (2 * common) / (found + wanted);
}

/** Size of the intersection of two multisets. */
export function commonWords(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of a) left.set(word, (left.get(word) ?? 0) + 1);
  return b.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count > 0;
  }).length;
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let before = new Uint32Array(b.length + 1);
  for (const word of a) {
    const row = new Uint32Array(b.length + 1);
    for (let j = 0; j < b.length; j++) row[j + 1] = word === b[j] ? before[j]! + 1 : Math.max(before[j + 1]!, row[j]!);
    before = row;
  }
  return before[b.length]!;
}
