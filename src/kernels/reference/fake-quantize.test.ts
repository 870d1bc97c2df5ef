// Holds fake quantisation to the packed int4 that a model is stored in.
import { describe, expect, it } from "vitest";
import { packInt4, unpackInt4 } from "../../quant/int4.ts";
import { createRandom } from "../../random.ts";
import { createReferenceBackend } from "./backend.ts";

const random = createRandom(5);

function fakeQuantize(weights: Float32Array, rows: number, columns: number): Float32Array {
  const backend = createReferenceBackend();
  const [out, w] = [backend.alloc(weights.byteLength), backend.alloc(weights.byteLength)];
  backend.f32(w, weights.length).set(weights);
  backend.fakeQuantizeInt4(out, w, rows, columns);
  return backend.f32(out, weights.length).slice();
}

function gaussian(n: number): Float32Array {
  return Float32Array.from({ length: n }, () => 0.02 * random.normal());
}

function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

describe("fakeQuantizeInt4", () => {
  it.each([
    [1, 1],
    [9, 20],
    [7, 33],
    [40, 100],
    [64, 128],
  ])("%i × %i: what is rounded packs to itself, so it is on the grid of a bf16 scale", (rows, columns) => {
    const rounded = fakeQuantize(gaussian(rows * columns), rows, columns);
    expect(unpackInt4(packInt4(rounded, rows, columns), rows, columns)).toEqual(rounded);
  });

  it("equals packed int4 in over 85 % of Gaussian groups, and its squared error is within 0.1 %", () => {
    const [rows, columns] = [100, 320];
    const weights = gaussian(rows * columns);
    const rounded = fakeQuantize(weights, rows, columns);
    const packed = unpackInt4(packInt4(weights, rows, columns), rows, columns);
    expect(squaredError(rounded, weights) / squaredError(packed, weights)).toBeLessThan(1.001);
    let equal = 0;
    for (let at = 0; at < weights.length; at += 32) {
      equal += rounded.subarray(at, at + 32).every((w, i) => w === packed[at + i]) ? 1 : 0;
    }
    expect(equal / (weights.length / 32)).toBeGreaterThan(0.85);
  });

  it("is within 3 % of packed int4's squared error where groups are short", () => {
    for (const columns of [8, 16, 24]) {
      const weights = gaussian(2000 * columns);
      const packed = unpackInt4(packInt4(weights, 2000, columns), 2000, columns);
      const rounded = fakeQuantize(weights, 2000, columns);
      const ratio = squaredError(rounded, weights) / squaredError(packed, weights);
      expect(ratio, `${columns} columns`).toBeLessThan(1.03);
    }
  });
});
