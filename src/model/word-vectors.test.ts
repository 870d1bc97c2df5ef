// Word vectors: tokens used alike come out alike, by their neighbours and by what their texts are about.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { type LabelledText, wordVectors } from "./word-vectors.ts";

const [V, C] = [60, 12];

/** Three kinds of words (0–9, 10–19, 20–29) in fixed order; label 40 or 41 goes with the kind of the first. */
function texts(count: number): LabelledText[] {
  const random = createRandom(5);
  return Array.from({ length: count }, (_, i) => {
    const kinds = i % 2 === 0 ? [0, 1, 2] : [1, 0, 2];
    const tokens = kinds.map((kind) => 10 * kind + random.below(10));
    return { tokens, labels: [kinds[0] === 0 ? 40 : 41] };
  });
}

function cosine(vectors: Float32Array, a: number, b: number): number {
  let sum = 0;
  for (let c = 0; c < C; c++) sum += vectors[a * C + c]! * vectors[b * C + c]!;
  return sum;
}

describe("wordVectors", () => {
  const vectors = wordVectors(texts(2000), V, C, 1);

  it("puts words of one kind together", () => {
    const pairs = Array.from({ length: 30 }, (_, a) => Array.from({ length: a }, (_, b) => [a, b] as const)).flat();
    const mean = (same: boolean) => {
      const chosen = pairs.filter(([a, b]) => (Math.floor(a / 10) === Math.floor(b / 10)) === same);
      return chosen.reduce((sum, [a, b]) => sum + cosine(vectors, a, b), 0) / chosen.length;
    };
    expect(mean(true)).toBeGreaterThan(mean(false) + 0.3);
  });

  it("has unit rows, and zeros for tokens that no text has", () => {
    for (const token of [0, 15, 29, 40]) expect(cosine(vectors, token, token)).toBeCloseTo(1, 5);
    for (const token of [30, 39, 42, 59]) expect(cosine(vectors, token, token)).toBe(0);
  });

  it("tells words apart by labels alone", () => {
    const random = createRandom(6);
    const single = Array.from({ length: 400 }, (_, i) => ({
      tokens: [(i % 2) * 10 + random.below(10)],
      labels: [40 + (i % 2)],
    }));
    const byLabel = wordVectors(single, V, C, 1);
    expect(cosine(byLabel, 0, 9)).toBeGreaterThan(0.9);
    expect(Math.abs(cosine(byLabel, 0, 10))).toBeLessThan(0.1);
  });

  it("is the same for a seed, and turned otherwise by another", () => {
    expect(wordVectors(texts(2000), V, C, 1)).toEqual(vectors);
    const other = wordVectors(texts(2000), V, C, 2);
    expect(other).not.toEqual(vectors);
    expect(Math.abs(cosine(other, 3, 7) - cosine(vectors, 3, 7))).toBeLessThan(0.15);
  });

  it("gives zeros where there is nothing to count", () => {
    expect(wordVectors([], V, C, 1).every((value) => value === 0)).toBe(true);
  });
});
