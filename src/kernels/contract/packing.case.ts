// Contract of what makes packed weights of floats, and of int8 matrices: every backend must agree with the reference bit
// for bit, at the edges of panels, blocks and tiles.
import { afterEach, describe, expect, it } from "vitest";
import { toF16 } from "../../quant/f16.ts";
import { int4Bytes, packInt4, unpackInt4 } from "../../quant/int4.ts";
import { int8Bytes, packInt8 } from "../../quant/int8.ts";
import { createRandom } from "../../random.ts";
import type { Backend } from "../backend.ts";
import { type Slot, Twins } from "./twins.ts";

/** Declares the tests; `backend` returns the backend under test once the tests run. */
export function packingContract(backend: () => Backend): void {
  let twins: Twins;
  const begin = () => (twins = new Twins(backend()));
  afterEach(() => twins.release());
  describe("16-bit floats", () => widenTests(begin));
  describe("int4", () => int4Tests(begin));
  describe("int8", () => int8Tests(begin));
}

type Begin = () => Twins;

/** Fails unless both backends hold the same bits. */
function same(twins: Twins, slot: Slot, label: string): void {
  const bits = (b: Backend, ptr: number) => [...b.i32(ptr, slot.length)];
  expect(bits(twins.subject, slot.subject), label).toEqual(bits(twins.oracle, slot.oracle));
}

/** A buffer of as many bytes, whole words, all 0x55. */
function bytes(twins: Twins, count: number): Slot {
  return twins.ints(new Int32Array(Math.ceil(count / 4)).fill(0x55555555));
}

const shapes = [1, 2, 7, 8, 9, 16].flatMap((rows) =>
  [1, 3, 31, 32, 33, 100].map((columns) => [rows, columns] as const),
);

function widenTests(begin: Begin): void {
  it("all 65,536 of both kinds, bit for bit, and every length from 0 to 40", () => {
    const twins = begin();
    const halves = Int32Array.from({ length: 32768 }, (_, i) => (2 * i) | ((2 * i + 1) << 16));
    const [x, out] = [twins.ints(halves), bytes(twins, 4 * 65536 + 4)];
    for (const format of ["f16", "bf16"] as const) {
      twins.run((b, at) => b.widen(at(out), at(x), 65536, format));
      same(twins, out, format);
      for (let n = 0; n <= 40; n++) {
        const short = bytes(twins, 4 * 41);
        twins.run((b, at) => b.widen(at(short), at(x) + 2 * 1000, n, format));
        same(twins, short, `${n} of ${format}`);
      }
    }
  });

  it("gives back what was rounded to half precision", () => {
    const { subject } = begin();
    const values = Float32Array.of(1, -2.5, 65504, -Infinity, 2 ** -24, -(2 ** -14), 0, 0.333251953125);
    const [x, out] = [subject.alloc(16), subject.alloc(32)];
    new Uint16Array(subject.u8(x, 16).buffer, x, 8).set([...values].map(toF16));
    subject.widen(out, x, 8, "f16");
    expect(subject.f32(out, 8)).toEqual(values);
    for (const ptr of [x, out]) subject.free(ptr);
  });
}

function int4Tests(begin: Begin): void {
  const check = (twins: Twins, w: Slot, rows: number, columns: number) => {
    const [out, faults] = [bytes(twins, int4Bytes(rows, columns) + 16), twins.ints([5])];
    twins.run((b, at) => b.packInt4(at(out), at(w), rows, columns, at(faults)));
    same(twins, out, `${rows} × ${columns}`);
    same(twins, faults, "groups that are not finite");
    return { out, faults };
  };

  it("rows around 8 and columns around 32, bit for bit", () => {
    const twins = begin();
    for (const [rows, columns] of shapes) {
      check(twins, twins.noise(rows * columns, 0.1), rows, columns);
      twins.release();
    }
    check(twins, twins.noise(300 * 160), 300, 160);
  });

  it("zeros, ternary, huge and tiny weights, bit for bit", () => {
    const twins = begin();
    for (const size of [0, 1, 1e37, 1e-31, 1e-29]) {
      check(twins, twins.floats(Array.from({ length: 40 }, (_, i) => ((i % 3) - 1) * size)), 1, 40);
    }
  });

  it("counts the groups that are not finite", () => {
    const twins = begin();
    const w = Float32Array.from({ length: 9 * 70 }, (_, i) => Math.sin(i));
    [w[3], w[31], w[69], w[8 * 70 + 40]] = [Number.NaN, Infinity, -Infinity, Number.NaN];
    const { faults } = check(twins, twins.floats(w), 9, 70);
    expect(twins.subject.i32(faults.subject, 1)[0]).toBe(5 + 3);
    twins.run((b, at) => b.packInt4(at(bytes(twins, int4Bytes(9, 70))), at(twins.floats(w)), 9, 70, 0));
  });

  it("squared error within 0.1 % of the exact search's", () => {
    const { subject } = begin();
    const random = createRandom(1, "gaussian");
    const [rows, columns] = [64, 512];
    const w = Float32Array.from({ length: rows * columns }, () => 0.02 * gaussian(random.float(), random.float()));
    const [ptr, out] = [subject.alloc(w.byteLength), subject.alloc(int4Bytes(rows, columns))];
    subject.f32(ptr, w.length).set(w);
    subject.packInt4(out, ptr, rows, columns, 0);
    const error = (packed: Uint8Array) =>
      unpackInt4(packed, rows, columns).reduce((sum, value, i) => sum + (value - w[i]!) ** 2, 0);
    const fast = error(subject.u8(out, int4Bytes(rows, columns)));
    expect(fast / error(packInt4(w, rows, columns))).toBeLessThan(1.001);
    for (const p of [ptr, out]) subject.free(p);
  });
}

function gaussian(a: number, b: number): number {
  return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b);
}

/** Random codes and scales, packed from the form of files. */
function packed8(twins: Twins, M: number, K: number, extreme = false): Slot {
  const random = createRandom(M, "int8", K);
  const codes = Int8Array.from({ length: M * K }, () =>
    extreme ? 127 - 254 * random.below(2) : random.below(255) - 127,
  );
  const words = new Int8Array(Math.ceil((M * K) / 4) * 4);
  words.set(codes);
  const [from, scales] = [
    twins.ints(new Int32Array(words.buffer)),
    twins.floats(Float32Array.from({ length: M }, () => 0.001 + 0.01 * random.float())),
  ];
  const out = bytes(twins, int8Bytes(M, K) + 16);
  twins.run((b, at) => b.repackInt8(at(out), at(from), at(scales), M, K));
  same(twins, out, `${M} × ${K} repacked`);
  return out;
}

function int8Tests(begin: Begin): void {
  it("packs rows around 8 and columns around 32 as src/quant does, bit for bit", () => {
    const twins = begin();
    for (const [rows, columns] of shapes) {
      const w = twins.noise(rows * columns, 0.1);
      const [out, again] = [bytes(twins, int8Bytes(rows, columns) + 16), bytes(twins, int8Bytes(rows, columns) + 16)];
      const matrix = packInt8(twins.oracle.f32(w.oracle, w.length).slice(), rows, columns);
      const words = new Int8Array(Math.ceil(w.length / 4) * 4);
      words.set(matrix.codes);
      const [codes, scales] = [twins.ints(new Int32Array(words.buffer)), twins.floats(matrix.scales)];
      twins.run((b, at) => {
        b.packInt8(at(out), at(w), rows, columns, 0);
        b.repackInt8(at(again), at(codes), at(scales), rows, columns);
      });
      same(twins, out, `${rows} × ${columns}`);
      same(twins, again, `${rows} × ${columns} repacked`);
      expect([...twins.subject.i32(out.subject, out.length)]).toEqual([
        ...twins.subject.i32(again.subject, out.length),
      ]);
      twins.release();
    }
  });

  it("zeros, tiny rows and rows that are not finite", () => {
    const twins = begin();
    const w = Float32Array.from({ length: 9 * 40 }, (_, i) => (i < 40 ? 0 : i < 80 ? 1e-35 : Math.sin(i)));
    [w[100], w[130], w[8 * 40]] = [Number.NaN, Infinity, -Infinity];
    const [from, out, faults] = [twins.floats(w), bytes(twins, int8Bytes(9, 40)), twins.ints([2])];
    twins.run((b, at) => b.packInt8(at(out), at(from), 9, 40, at(faults)));
    same(twins, out, "codes");
    expect(twins.subject.i32(faults.subject, 1)[0]).toBe(2 + 3);
    expect(twins.oracle.i32(faults.oracle, 1)[0]).toBe(2 + 3);
  });

  it("gathers rows exactly", () => {
    const twins = begin();
    for (const C of [1, 3, 31, 32, 33, 100]) {
      const [table, ids, out] = [packed8(twins, 19, C), twins.ints([0, 18, 7, 8, 12, 7]), twins.noise(6 * C + 1)];
      twins.run((b, at) => b.gatherInt8(at(out), at(table), at(ids), 6, C));
      same(twins, out, `C ${C}`);
      twins.release();
    }
  });

  it("products around the tiles of 8 and 16 rows, 4 tokens and 32 columns, bit for bit", () => {
    const twins = begin();
    for (const N of [1, 2, 3, 4, 5, 6, 7, 13]) {
      for (const M of [1, 3, 4, 7, 8, 9, 17, 40]) {
        for (const K of [1, 31, 32, 33, 100]) {
          multiply8(twins, N, M, K, (N + M) % 3, (N + M + K) % 2 === 0);
          twins.release();
        }
      }
    }
  });

  it("long products, more tokens than one pass over the weights takes, largest numbers, bit for bit", () => {
    const twins = begin();
    multiply8(twins, 1, 40, 2000, 0, false);
    multiply8(twins, 131, 200, 1100, 1, true);
    multiply8(twins, 50, 24, 5000, 0, false);
    for (const M of [33, 77, 300]) for (const N of [1, 7, 14]) multiply8(twins, N, M, 70, 1, N === 7);
    multiply8(twins, 6, 24, 5000, 0, false, true);
  });

  it("rows of zeros give zeros; a NaN reaches the whole row", () => {
    const twins = begin();
    const [M, K] = [9, 40];
    const weights = packed8(twins, M, K);
    const x = twins.floats(Array.from({ length: 2 * K }, (_, i) => (i < K ? 0 : i === 50 ? Number.NaN : 1)));
    const out = twins.noise(2 * M);
    const { subject } = twins;
    const activations = subject.alloc(subject.activationBytes(2, K));
    subject.quantizeRows(activations, x.subject, 2, K);
    subject.matmulInt8(out.subject, activations, weights.subject, 2, M, K, M, false);
    const values = [...subject.f32(out.subject, 2 * M)];
    subject.free(activations);
    expect(values.slice(0, M).every((value) => value === 0)).toBe(true);
    expect(values.slice(M).every(Number.isNaN)).toBe(true);
  });
}

/** Multiplies noise, or numbers of the largest size, [N,K] by a packed [M,K] on both backends. */
function multiply8(
  twins: Twins,
  N: number,
  M: number,
  K: number,
  gap: number,
  accumulate: boolean,
  extreme = false,
): void {
  const random = createRandom(K, "activations", N);
  const x = extreme
    ? twins.floats(Float32Array.from({ length: N * K }, () => 1 - 2 * random.below(2)))
    : twins.noise(N * K);
  const [weights, out] = [packed8(twins, M, K, extreme), twins.noise(N * (M + gap))];
  twins.run((b, at) => {
    const activations = b.alloc(b.activationBytes(N, K));
    b.quantizeRows(activations, at(x), N, K);
    b.matmulInt8(at(out), activations, at(weights), N, M, K, M + gap, accumulate);
    b.flush();
    b.free(activations);
  });
  same(twins, out, `${N} tokens × ${M} rows × ${K}${accumulate ? " accumulating" : ""}`);
}
