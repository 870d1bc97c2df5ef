import { describe, expect, it } from "vitest";
import { canStart, decimalRange, isDecimal } from "./decimal.ts";

/** All texts that `canStart` lets one spell up to `length` characters. */
function spell(range: ReturnType<typeof decimalRange>, length: number): Set<string> {
  const out = new Set<string>();
  const visit = (prefix: string) => {
    if (isDecimal(prefix, range)) out.add(prefix);
    if (prefix.length === length) return;
    for (const c of "-.0123456789") if (canStart(prefix + c, range)) visit(prefix + c);
  };
  visit("");
  return out;
}

/** Prefixes that can be reached but not finished. */
function deadEnds(range: ReturnType<typeof decimalRange>, length: number): string[] {
  const out: string[] = [];
  const visit = (prefix: string): boolean => {
    let alive = isDecimal(prefix, range);
    if (prefix.length === length) return true;
    for (const c of "-.0123456789") if (canStart(prefix + c, range) && visit(prefix + c)) alive = true;
    if (!alive) out.push(prefix);
    return alive;
  };
  visit("");
  return out;
}

describe("integers between bounds", () => {
  it.each([
    [0, 23],
    [0, 0],
    [-5, 5],
    [-30, -7],
    [98, 1003],
    [7, 7],
    [-1, 0],
    [199, 201],
  ])("[%i, %i]: exactly the canonical spellings of its integers", (minimum, maximum) => {
    const range = decimalRange(true, minimum, maximum);
    const all = Array.from({ length: maximum - minimum + 1 }, (_, i) => `${minimum + i}`);
    expect([...spell(range, 5)].sort()).toEqual(all.sort());
    expect(deadEnds(range, 5)).toEqual([]);
  });

  it("without bounds ends after 15 digits and knows no leading zeros", () => {
    const range = decimalRange(true);
    expect(canStart("9".repeat(15), range)).toBe(true);
    expect(canStart("9".repeat(16), range)).toBe(false);
    for (const wrong of ["00", "-0", "01", "1.", ".5", "--1", "1-"]) expect(canStart(wrong, range), wrong).toBe(false);
  });

  it("rounds fractional bounds inwards, and has no number in an empty range", () => {
    expect([...spell(decimalRange(true, 0.5, 2.5), 4)]).toEqual(["1", "2"]);
    expect(canStart("", decimalRange(true, 0.2, 0.8))).toBe(false);
    expect(canStart("", decimalRange(true, 3, 2))).toBe(false);
  });

  it("takes one-sided and enormous bounds", () => {
    expect(canStart("-", decimalRange(true, 0))).toBe(false);
    expect(canStart("-", decimalRange(true, undefined, 10))).toBe(true);
    expect(canStart("1", decimalRange(true, -1e300, 1e300))).toBe(true);
  });
});

describe("numbers between bounds", () => {
  it.each([
    [0.1, 0.3],
    [-0.3, -0.1],
    [-0.2, 0.2],
    [0.25, 0.25],
    [-1.5, 1],
    [9.99, 10.01],
  ])("[%f, %f]: only numbers within, no dead ends (up to 6 characters)", (minimum, maximum) => {
    const range = decimalRange(false, minimum, maximum);
    const spelled = [...spell(range, 6)];
    expect(spelled.length).toBeGreaterThan(0);
    for (const text of spelled) {
      expect(Number(text), text).toBeGreaterThanOrEqual(minimum);
      expect(Number(text), text).toBeLessThanOrEqual(maximum);
      expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
    }
    for (const bound of [minimum, maximum]) expect(spelled).toContain(`${bound}`);
    expect(deadEnds(range, 6)).toEqual([]);
  });

  it("offers as many digits as a bound has", () => {
    expect([...spell(decimalRange(false, 0.12345678, 0.12345678), 10)]).toEqual(["0.12345678"]);
  });

  it("has no dead end at the last fraction digit", () => {
    expect(canStart("-0.000000", decimalRange(false, -1, 1))).toBe(false);
    expect(canStart("-0.00000", decimalRange(false, -1, 1))).toBe(true);
  });
});
