// The int4 layout byte by byte, the exactness of representable values, and the optimality of the scales.
import { describe, expect, it } from "vitest";
import { matrixBytes } from "../spec/index.ts";
import { fromBf16, toBf16 } from "./bf16.ts";
import { int4Bytes, packInt4, unpackInt4, unpackRow } from "./int4.ts";
import { chooseScale } from "./int4-scale.ts";

const random = createRandom(3);
const shapes = [1, 7, 8, 9, 16].flatMap((rows) => [1, 31, 32, 33, 64].map((columns) => [rows, columns] as const));

describe("bf16", () => {
  it("rounds to nearest, ties to even, and keeps what it can represent", () => {
    for (const value of [0, -0, 1, -1.5, 0.0078125, 3.3895313892515355e38, Number.POSITIVE_INFINITY]) {
      expect(fromBf16(toBf16(value))).toBe(value);
    }
    expect(fromBf16(toBf16(1 + 2 ** -8))).toBe(1);
    expect(fromBf16(toBf16(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
    expect(fromBf16(toBf16(Number.NaN))).toBeNaN();
  });
});

describe("packInt4 layout", () => {
  // The definition in int4.ts, written out naively.
  function locate(row: number, column: number, columns: number): { scale: number; byte: number; shift: number } {
    const block = Math.floor(row / 8) * Math.ceil(columns / 32) + Math.floor(column / 32);
    const g = Math.floor((row % 8) / 4);
    const r = row % 4;
    const k = column % 32;
    const j = Math.floor((k % 16) / 4);
    const i = k % 4;
    const vector = j * 2 + g;
    return {
      scale: block * 144 + 2 * (row % 8),
      byte: block * 144 + 16 + vector * 16 + 4 * r + i,
      shift: k < 16 ? 0 : 4,
    };
  }

  it.each(shapes)(
    "puts every code of %i × %i where the definition says, padding with 8 and scale 0",
    (rows, columns) => {
      const weights = gaussian(rows * columns);
      const packed = packInt4(weights, rows, columns);
      expect(packed.length).toBe(int4Bytes(rows, columns));
      expect(packed.length).toBe(matrixBytes(rows, columns, "int4"));
      const unpacked = unpackInt4(packed, rows, columns);
      const view = new DataView(packed.buffer);
      for (let row = 0; row < Math.ceil(rows / 8) * 8; row++) {
        for (let column = 0; column < Math.ceil(columns / 32) * 32; column++) {
          const at = locate(row, column, columns);
          const scale = fromBf16(view.getUint16(at.scale, true));
          const code = (packed[at.byte]! >> at.shift) & 15;
          if (row >= rows) expect(scale).toBe(0);
          if (row >= rows || column >= columns) expect(code).toBe(8);
          else expect(unpacked[row * columns + column]).toBe(Math.fround((code - 8) * scale + 0));
        }
      }
    },
  );

  it("unpacks a single row", () => {
    const packed = packInt4(gaussian(9 * 33), 9, 33);
    const out = new Float32Array(35).fill(7);
    unpackRow(packed, 8, 33, out, 1);
    expect([...out]).toEqual([7, ...unpackInt4(packed, 9, 33).slice(8 * 33), 7]);
  });
});

describe("packInt4 values", () => {
  it.each(shapes)("gives representable weights back exactly, %i × %i", (rows, columns) => {
    const weights = new Float32Array(rows * columns);
    for (let start = 0; start < weights.length; start++) {
      const group = Math.floor((start % columns) / 32) + Math.floor(start / columns) * 64;
      const scale = fromBf16(toBf16((group % 2 === 0 ? 0.01 : -0.3) * (1 + (group % 7) / 7)));
      weights[start] = (Math.floor(random() * 16) - 8) * scale;
    }
    expect(unpackInt4(packInt4(weights, rows, columns), rows, columns)).toEqual(weights.map((w) => w + 0));
  });

  it("gives ternary weights, zeros and tiny weights back", () => {
    const weights = Float32Array.from({ length: 96 }, (_, i) => (i < 32 ? ((i % 3) - 1) * 0.75 : i < 64 ? 0 : 1e-45));
    expect([...unpackInt4(packInt4(weights, 3, 32), 3, 32)].slice(0, 64)).toEqual([...weights].slice(0, 64));
  });

  it("packs what it unpacked to the same values again", () => {
    const once = unpackInt4(packInt4(gaussian(64 * 96), 64, 96), 64, 96);
    expect(unpackInt4(packInt4(once, 64, 96), 64, 96)).toEqual(once);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "refuses %d and works on afterwards",
    (bad) => {
      const weights = gaussian(64);
      const good = packInt4(weights, 2, 32);
      const broken = weights.slice();
      broken[40] = bad;
      expect(() => packInt4(broken, 2, 32)).toThrow("row 1 has a weight that is not finite");
      expect(packInt4(weights, 2, 32)).toEqual(good);
    },
  );

  it("refuses lengths that do not fit the shape", () => {
    expect(() => packInt4(new Float32Array(5), 2, 3)).toThrow("int4: 2 × 3 weights expected, got 5");
    expect(() => unpackInt4(new Uint8Array(143), 1, 1)).toThrow("int4: 1 × 1 takes 144 bytes, got 143");
  });
});

describe("chooseScale", () => {
  const kinds: [string, (n: number) => Float32Array, saving: number][] = [
    ["Gaussian", gaussian, 0.27],
    ["uniform", (n) => Float32Array.from({ length: n }, () => random() - 0.5), 0.22],
    ["outlier-ridden", (n) => gaussian(n).map((w) => (random() < 0.03 ? 8 * w : w)), 0.22],
  ];

  it.each(kinds)("is the best of all bf16 scales for %s groups and saves on max|w|/7", (_name, make, saving) => {
    let ours = 0;
    let plain = 0;
    for (let n = 0; n < 400; n++) {
      const group = make(1 + Math.floor(random() * 32));
      const error = squaredError(group, fromBf16(chooseScale(group, 0, group.length)));
      expect(error).toBeLessThanOrEqual(bestError(group) * (1 + 1e-9) + 1e-300);
      const full = make(32);
      ours += squaredError(full, fromBf16(chooseScale(full, 0, 32)));
      plain += squaredError(full, fromBf16(toBf16(largest(full) / 7)));
    }
    expect(1 - ours / plain).toBeGreaterThan(saving);
  });

  // Every bf16 scale of both signs from max|w|/20 to max|w|.
  function bestError(group: Float32Array): number {
    const most = largest(group);
    let best = Number.POSITIVE_INFINITY;
    for (let half = toBf16(most / 20); half <= toBf16(most); half++) {
      const scale = fromBf16(half);
      best = Math.min(best, squaredError(group, scale), squaredError(group, -scale));
    }
    return best;
  }
});

function largest(group: Float32Array): number {
  return group.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
}

function squaredError(group: Float32Array, scale: number): number {
  let error = 0;
  for (const weight of group) {
    const code = Math.max(-8, Math.min(7, Math.round(weight / scale)));
    error += (weight - code * scale) ** 2;
  }
  return error;
}

function gaussian(n: number): Float32Array {
  const draw = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Float32Array.from({ length: n }, () => 0.02 * draw());
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
