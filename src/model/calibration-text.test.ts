// Calibration text: spread over the whole file, no more tokens than asked for, and short files in full.
import { describe, expect, it } from "vitest";
import { calibrationSequences } from "./calibration-text.ts";

/** A token per letter, behind token 0. */
const tokenizer = { encode: (text: string) => [0, ...[...text].map((letter) => letter.charCodeAt(0))] };
const text = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(1 + i)).join("");

describe("calibrationSequences", () => {
  it("takes windows from evenly spread places, each begun as a text is", () => {
    const sequences = calibrationSequences(tokenizer, text, 40, 10);
    expect(sequences.map((ids) => ids.slice(0, 3))).toEqual([0, 250, 500, 750].map((at) => [0, at + 1, at + 2]));
    expect(sequences.every((ids) => ids.length === 10)).toBe(true);
  });

  it("takes all of a text that is shorter than asked for", () => {
    const sequences = calibrationSequences(tokenizer, "abc", 40, 10);
    expect(sequences.flat().filter((id) => id > 0)).toEqual([97, 98, 99]);
    expect(calibrationSequences({ encode: () => [] }, "abc", 40, 10)).toEqual([]);
  });
});
