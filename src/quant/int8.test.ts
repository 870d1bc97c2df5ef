// int8 with a scale per row: exact at the ends, half a step off at most, odd sizes.
import { describe, expect, it } from "vitest";
import { packInt8, unpackInt8 } from "./int8.ts";

describe("packInt8", () => {
  it.each([
    [1, 1],
    [7, 31],
    [9, 33],
  ])("is off by half a step at most, %i × %i", (rows, columns) => {
    const weights = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 7) * (1 + (i % 5)));
    const packed = packInt8(weights, rows, columns);
    const unpacked = unpackInt8(packed);
    weights.forEach((weight, i) => {
      const step = packed.scales[Math.floor(i / columns)]!;
      expect(Math.abs(weight - unpacked[i]!)).toBeLessThanOrEqual(step * 0.5001);
    });
  });

  it("gives integers up to 127 back exactly, and zeros", () => {
    const weights = Float32Array.of(127, -127, 3, 0, 0, 0);
    expect(unpackInt8(packInt8(weights, 2, 3))).toEqual(weights);
  });

  it("refuses wrong lengths and weights that are not finite", () => {
    expect(() => packInt8(new Float32Array(5), 2, 3)).toThrow("int8: 2 × 3 weights expected, got 5");
    expect(() => packInt8(Float32Array.of(1, Number.NaN), 1, 2)).toThrow("row 0 has a weight that is not finite");
  });
});
