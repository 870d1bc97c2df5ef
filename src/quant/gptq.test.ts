// GPTQ: the factor is the inverse's, the codes give the numbers that are left, and outputs lose less than by rounding alone.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { inverseFactor } from "./cholesky.ts";
import { gptqBatch, gptqInt4 } from "./gptq.ts";
import { packInt4, unpackInt4 } from "./int4.ts";

function normals(n: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: n }, () => random.normal());
}

/** Inputs [N, K] whose columns depend on each other: each token a mix of a third as many causes, and some noise. */
function inputs(N: number, K: number): Float32Array {
  const causes = Math.ceil(K / 3);
  const [mix, strengths, noise] = [normals(causes * K, 1), normals(N * causes, 2), normals(N * K, 3)];
  return noise.map((value, at) => {
    const [i, k] = [Math.floor(at / K), at % K];
    let sum = 0.3 * value;
    for (let c = 0; c < causes; c++) sum += strengths[i * causes + c]! * mix[c * K + k]!;
    return sum;
  });
}

/** Σ xᵀx [K, K] */
function hessianOf(x: Float32Array, N: number, K: number): Float32Array {
  const sums = new Float32Array(K * K);
  for (let i = 0; i < N; i++) {
    for (let a = 0; a < K; a++) {
      for (let b = 0; b < K; b++) sums[a * K + b] = sums[a * K + b]! + x[i * K + a]! * x[i * K + b]!;
    }
  }
  return sums;
}

/** Σ (x · (a − b))² over inputs and rows. */
function outputError(x: Float32Array, a: Float32Array, b: Float32Array, rows: number, K: number): number {
  let error = 0;
  for (let i = 0; i < x.length / K; i++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[i * K + k]! * (a[row * K + k]! - b[row * K + k]!);
      error += sum * sum;
    }
  }
  return error;
}

describe("inverseFactor", () => {
  it.each([1, 2, 15, 16, 17, 50])("UᵀU · (H + λI) = I within 1e-4, and U is upper triangular, n %i", (n) => {
    const H = hessianOf(inputs(2 * n, n), 2 * n, n);
    const U = inverseFactor(H, n, 0.02);
    const trace = H.reduce((sum, value, at) => sum + (at % (n + 1) === 0 ? value : 0), 0);
    const inverse = (i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += U[k * n + i]! * U[k * n + j]!;
      return sum;
    };
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (j < i) expect(U[i * n + j]).toBe(0);
        let sum = 0;
        for (let k = 0; k < n; k++) sum += inverse(i, k) * (H[k * n + j]! + (k === j ? (0.02 * trace) / n : 0));
        expect(Math.abs(sum - (i === j ? 1 : 0)), `${i}, ${j}`).toBeLessThan(1e-4);
      }
    }
  });

  it("is the identity where there were no inputs, and says where a matrix is not finite", () => {
    expect([...inverseFactor(new Float32Array(4), 2)]).toEqual([1, 0, 0, 1]);
    expect(() => inverseFactor(Float32Array.of(1, 0, 0, Number.NaN), 2)).toThrow("gptq: pivot 1 of 2 is NaN");
  });
});

describe("gptqInt4", () => {
  it.each([
    [9, 100],
    [16, 300],
  ])("halves the output error of rounding alone at least, %i × %i", (rows, K) => {
    const N = 2 * K;
    const x = inputs(N, K);
    const weights = normals(rows * K, 4).map((w) => 0.02 * w);
    const left = weights.slice();
    const packed = gptqInt4(left, rows, K, inverseFactor(hessianOf(x, N, K), K));
    expect(unpackInt4(packed, rows, K)).toEqual(left);
    const plain = outputError(x, weights, unpackInt4(packInt4(weights, rows, K), rows, K), rows, K);
    expect(outputError(x, weights, left, rows, K)).toBeLessThan(0.5 * plain);
  });

  it("is rounding alone where columns do not depend on each other: its error within 1 %", () => {
    const [rows, K] = [64, 64];
    const weights = normals(rows * K, 5);
    const identity = Float32Array.from({ length: K * K }, (_, at) => (at % (K + 1) === 0 ? 1 : 0));
    const packed = gptqInt4(weights.slice(), rows, K, inverseFactor(identity, K));
    const error = (bytes: Uint8Array) =>
      unpackInt4(bytes, rows, K).reduce((sum, value, i) => sum + (value - weights[i]!) ** 2, 0);
    expect(error(packed) / error(packInt4(weights, rows, K))).toBeLessThan(1.01);
  });

  it("gives the same with errors spread by the caller", () => {
    const [rows, K] = [5, 300];
    const factor = inverseFactor(hessianOf(inputs(K, K), K, K), K);
    const weights = normals(rows * K, 6);
    const [ours, theirs, errors] = [weights.slice(), weights.slice(), new Float32Array(rows * gptqBatch)];
    const spread = (begin: number, end: number) => {
      for (let row = 0; row < rows; row++) {
        for (let i = begin; i < end; i++) {
          for (let j = end; j < K; j++) {
            const at = row * K + j;
            theirs[at] = theirs[at]! + errors[row * gptqBatch + i - begin]! * factor[i * K + j]!;
          }
        }
      }
    };
    expect(gptqInt4(theirs, rows, K, factor, { errors, spread })).toEqual(gptqInt4(ours, rows, K, factor));
  });

  it("zeros stay zeros", () => {
    const packed = gptqInt4(new Float32Array(3 * 40), 3, 40, inverseFactor(new Float32Array(1600), 40));
    expect(unpackInt4(packed, 3, 40).every((value) => value === 0)).toBe(true);
  });
});
