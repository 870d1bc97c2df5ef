// Reference of fake quantisation: rounds weights to int4 as ../backend.ts says. Every f32 rounding of the fast kernel is
// written out, so that both agree bit for bit.
import { fromBf16, toBf16 } from "../../quant/bf16.ts";
import type { Backend } from "../backend.ts";
import type { Memory } from "./backend.ts";
import { roundHalfEven } from "./inference.ts";

const { fround } = Math;
const range = 2047;

/** The operation over one memory. */
export function fakeQuantizeOps({ f32 }: Memory) {
  return {
    fakeQuantizeInt4(out, w, rows, columns) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column += 32) {
          const at = row * columns + column;
          const group = f32.slice(w / 4 + at, w / 4 + at + Math.min(32, columns - column));
          f32.set(roundGroup(group), out / 4 + at);
        }
      }
    },
  } satisfies Partial<Backend>;
}

function roundGroup(weights: Float32Array): Float32Array {
  const scale = groupScale(weights);
  if (Number.isNaN(scale)) return weights;
  const codes = groupCodes(weights, scale);
  return weights.map((_, k) => codes[k]! * scale + 0);
}

/** The scale of up to 32 weights, a bf16 value: NaN where one is not finite, 0 where all are below 1e-30. */
export function groupScale(weights: Float32Array): number {
  if (!weights.every(Number.isFinite)) return Number.NaN;
  const most = Math.max(...weights);
  const limit = Math.max(most, -Math.min(...weights));
  if (limit < fround(1e-30)) return 0;
  return chooseScale(weights, fround((most === limit ? -range : range) / limit));
}

/** Codes −8 … 7 of weights under a scale. */
export function groupCodes(weights: Float32Array, scale: number): number[] {
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  return Array.from(weights, (w) => clamp(roundHalfEven(fround(w * inverse))));
}

/** The scale, a bf16 value; `factor` makes the largest magnitude −2047 (−8 is a code, 8 is not). */
function chooseScale(weights: Float32Array, factor: number): number {
  const integers = weights.map((w) => roundHalfEven(fround(w * factor)));
  // With codes q, the best scale is A/B and removes A²/B of the squared error: A = Σ xq, B = Σ q².
  let bestA = 0;
  let bestB = 1;
  for (let multiplier = 99; multiplier <= 144; multiplier += 3) {
    let A = 0;
    let B = 0;
    for (const x of integers) {
      const q = clamp(Math.floor((x * multiplier) / 2 ** 15 + 0.5));
      A += x * q;
      B += q * q;
    }
    if (A * A * bestB > bestA * bestA * B) [bestA, bestB] = [A, B];
  }
  return fromBf16(toBf16(bestA / fround(bestB * factor)));
}

function clamp(code: number): number {
  return Math.max(-8, Math.min(7, code));
}
