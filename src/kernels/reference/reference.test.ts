// Holds the reference's row and inference operations to tiny examples worked out by hand and to written-out formulas:
// the oracle of every other backend must itself be right.
import { describe, expect, it } from "vitest";
import { packInt4, unpackInt4 } from "../../quant/int4.ts";
import { createRandom } from "../../random.ts";
import { type KvFormat, type KvLayer, kvPageTokens, type Ptr } from "../backend.ts";
import { createReferenceBackend } from "./backend.ts";
import { roundHalfEven } from "./inference.ts";
import { erf } from "./rows.ts";

const backend = createReferenceBackend();

function floats(values: ArrayLike<number>): Ptr {
  const ptr = backend.alloc(4 * values.length);
  backend.f32(ptr, values.length).set(values);
  return ptr;
}

function ints(values: number[]): Ptr {
  const ptr = backend.alloc(4 * values.length);
  backend.i32(ptr, values.length).set(values);
  return ptr;
}

const read = (ptr: Ptr, length: number) => [...backend.f32(ptr, length)];

function near(actual: number[], wanted: number[], digits = 6): void {
  expect(actual.length).toBe(wanted.length);
  actual.forEach((value, i) => {
    expect(value, `element ${i}`).toBeCloseTo(wanted[i]!, digits);
  });
}

describe("rows", () => {
  it("RMSNorm of (3, 4) divides by √12.5", () => {
    const [out, rstd] = [floats([0, 0]), floats([0])];
    backend.rmsNorm(out, floats([3, 4]), floats([1, 10]), 1, 2, 0, rstd);
    near(read(out, 2), [3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5)]);
    near(read(rstd, 1), [1 / Math.sqrt(12.5)]);
  });

  it("LayerNorm of (1, 3) is (−1, 1)", () => {
    const [out, stats] = [floats([0, 0]), floats([0, 0])];
    backend.layerNorm(out, floats([1, 3]), floats([1, 2]), floats([0, 5]), 1, 2, 0, stats);
    near(read(out, 2), [-1, 7]);
    near(read(stats, 2), [2, 1]);
  });

  for (const norm of ["rmsNorm", "layerNorm"] as const) {
    it(`${norm}'s gradients agree with central differences to 3 digits`, () => {
      const random = createRandom(3, norm);
      const [x, weight, bias, dOut] = [6, 3, 3, 6].map((n) => Array.from({ length: n }, () => random.normal()));
      const forward = (values: number[], scale: number[], shift: number[]) => {
        const [out, stats] = [floats(new Array(6).fill(0)), floats(new Array(4).fill(0))];
        if (norm === "rmsNorm") backend.rmsNorm(out, floats(values), floats(scale), 2, 3, 1e-5, stats);
        else backend.layerNorm(out, floats(values), floats(scale), floats(shift), 2, 3, 1e-5, stats);
        return { stats, loss: read(out, 6).reduce((sum, value, i) => sum + value * dOut![i]!, 0) };
      };
      const differences = (which: number, n: number) =>
        Array.from({ length: n }, (_, i) => {
          const at = (step: number) => {
            const inputs = [x!, weight!, bias!].map((values) => [...values]);
            inputs[which]![i]! += step;
            return forward(inputs[0]!, inputs[1]!, inputs[2]!).loss;
          };
          return (at(1e-2) - at(-1e-2)) / 2e-2;
        });
      const { stats } = forward(x!, weight!, bias!);
      const [dx, dWeight, dBias] = [floats(new Array(6).fill(1)), floats([1, 1, 1]), floats([1, 1, 1])];
      const [grad, values, scale] = [floats(dOut!), floats(x!), floats(weight!)];
      if (norm === "rmsNorm") backend.rmsNormBackward(dx, dWeight, grad, values, scale, stats, 2, 3);
      else backend.layerNormBackward(dx, dWeight, dBias, grad, values, scale, stats, 2, 3);
      const plusOne = (values: number[]) => values.map((value) => value + 1);
      near(read(dx, 6), plusOne(differences(0, 6)), 2);
      near(read(dWeight, 3), plusOne(differences(1, 3)), 2);
      if (norm === "layerNorm") near(read(dBias, 3), plusOne(differences(2, 3)), 2);
    });
  }

  it("RoPE turns (1, 0) by 90° into (0, 1), and back", () => {
    const table = floats([1, 0, 0, 1]);
    const x = floats([1, 0]);
    backend.rope(x, table, ints([1]), 1, 1, 2, 2, false);
    near(read(x, 2), [0, 1]);
    backend.rope(x, table, ints([1]), 1, 1, 2, 2, true);
    near(read(x, 2), [1, 0]);
  });

  it("activations at known points", () => {
    const known = {
      relu: [0, 1],
      silu: [-1 / (1 + Math.E), 1 / (1 + 1 / Math.E)],
      gelu: [-0.15865525, 0.84134475],
      gelu_tanh: [-0.158808, 0.841192],
      relu2: [0, 1],
    } as const;
    for (const [activation, wanted] of Object.entries(known)) {
      const out = floats([0, 0]);
      backend.activate(out, floats([-1, 1]), floats([2, 3]), 1, 2, 2, activation as keyof typeof known);
      near(read(out, 2), [wanted[0]! * 2, wanted[1]! * 3], 5);
    }
    expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 14);
    expect(erf(-2)).toBeCloseTo(-0.9953222650189527, 14);
  });
});

describe("inference", () => {
  it("rounds halves to even", () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 0, -2, 2, 3]);
  });

  it("an int4 product equals the product of the unpacked weights and rounded activations", () => {
    const [N, M, K] = [2, 11, 70];
    const random = createRandom(5);
    const [w, x] = [M * K, N * K].map((n) => Float32Array.from({ length: n }, () => random.normal()));
    const packed = packInt4(w!, M, K);
    const unpacked = unpackInt4(packed, M, K);
    const weights = backend.alloc(packed.length);
    backend.u8(weights, packed.length).set(packed);
    const [codes, out] = [backend.alloc(backend.activationBytes(N, K)), floats(new Array(N * M).fill(1))];
    backend.quantizeRows(codes, floats(x!), N, K);
    backend.matmulInt4(out, codes, weights, N, M, K, M, true);
    for (let i = 0; i < N; i++) {
      const row = x!.subarray(i * K, (i + 1) * K);
      const scale = Math.max(...row.map(Math.abs)) / 127;
      const rounded = [...row].map((value) => Math.round(value / scale) * scale);
      const wanted = Array.from({ length: M }, (_, m) =>
        rounded.reduce((sum, v, k) => sum + v * unpacked[m * K + k]!, 1),
      );
      near(read(out + 4 * i * M, M), wanted, 3);
    }
    const gathered = floats(new Array(K).fill(0));
    backend.gatherInt4(gathered, weights, ints([9]), 1, K);
    near(read(gathered, K), [...unpacked.subarray(9 * K, 10 * K)]);
  });

  /** A cache of one page and one layer. */
  function cacheOf(K: number, D: number, format: KvFormat): KvLayer {
    const bytes = backend.kvBytes(K, D, format);
    return { pages: ints([backend.alloc(2 * bytes)]), keys: 0, values: bytes, format };
  }

  it("attention over two cached tokens is their softmax-weighted mean", () => {
    const cache = cacheOf(1, 2, "f32");
    backend.kvAppend(cache, floats([1, 0, 0, 1]), floats([10, 0, 0, 20]), 2, 0, 1, 2, 2);
    const out = floats([0, 0, 0, 0]);
    backend.attentionCached(out, floats([2, 0, 2, 0]), cache, 2, 0, 1, 1, 2, 2);
    const weight = 1 / (1 + Math.exp(-2 / Math.SQRT2));
    near(read(out, 4), [10, 0, 10 * weight, 20 * (1 - weight)], 5);
  });

  it("an int8 cache keeps each head's largest number and rounds the rest", () => {
    const cache = cacheOf(1, 4, "int8");
    backend.kvAppend(cache, floats([127, -63.4, 0.6, 0]), floats([0, 0, 0, 0]), 1, 0, 1, 4, 4);
    const page = backend.i32(cache.pages, 1)[0]!;
    // A key's numbers lie in pairs, as many apart as a page has tokens.
    expect([...new Int8Array(backend.u8(page, 2))]).toEqual([127, -63]);
    expect([...new Int8Array(backend.u8(page + 2 * kvPageTokens, 2))]).toEqual([1, 0]);
    expect(read(page + 4 * kvPageTokens, 1)).toEqual([1]);
  });
});
