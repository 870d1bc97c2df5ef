// Contract of the products that skip zeros, and of profiling: the same numbers as without, bit for bit.
import { afterEach, describe, expect, it } from "vitest";
import { packInt4 } from "../../quant/int4.ts";
import { createRandom } from "../../random.ts";
import type { Backend } from "../backend.ts";
import { operators } from "../backend.ts";
import { type Slot, Twins } from "./twins.ts";

/** Declares the tests; `backend` returns the backend under test once the tests run. */
export function skipContract(backend: () => Backend): void {
  let twins: Twins;
  const begin = () => (twins = new Twins(backend()));
  afterEach(() => twins.release());
  describe("layouts", () => layoutTests(begin));
  describe("skipping", () => skipTests(begin));
  describe("profile", () => profileTests(begin));
}

type Begin = () => Twins;

/** A packed matrix of noise. */
function matrix(twins: Twins, M: number, K: number): Slot {
  const random = createRandom(M, "matrix", K);
  const bytes = packInt4(
    Float32Array.from({ length: M * K }, () => random.float() - 0.5),
    M,
    K,
  );
  return twins.ints(new Int32Array(bytes.buffer));
}

/** Noise of which about a share is at most 0, some of it −0 and negative. */
function gates(n: number, share: number): Float32Array {
  const random = createRandom(n, "gates", share);
  return Float32Array.from({ length: n }, () =>
    random.float() < share ? -random.below(3) * random.float() : random.float() + 0.01,
  );
}

function layoutTests(begin: Begin): void {
  it("a matrix comes back from each layout byte for byte", () => {
    const twins = begin();
    const { subject } = twins;
    for (const [layout, M, K] of [
      ["rows", 8, 32],
      ["rows", 19, 100],
      ["rows", 40, 64],
      ["columns", 32, 32],
      ["columns", 96, 100],
      ["columns", 64, 1],
    ] as const) {
      const [file, there, back] = [matrix(twins, M, K), matrix(twins, M, K), matrix(twins, M, K)];
      const bytes = 4 * file.length;
      subject.fill(back.subject, 0, back.length);
      subject.repackInt4(there.subject, file.subject, M, K, layout, false);
      subject.repackInt4(back.subject, there.subject, M, K, layout, true);
      expect([...subject.u8(back.subject, bytes)], `${layout} ${M} × ${K}`).toEqual([
        ...subject.u8(file.subject, bytes),
      ]);
      twins.release();
    }
  });
}

const shares = [0, 0.5, 0.9, 1];

/** Runs `body` with room for a matrix in another layout and for a token's codes. */
function withBuffers(backend: Backend, M: number, K: number, body: (layout: number, codes: number) => void): void {
  const layout = backend.alloc(Math.ceil(M / 8) * Math.ceil(K / 32) * 144);
  const codes = backend.alloc(backend.activationBytes(1, K));
  body(layout, codes);
  backend.flush();
  backend.free(layout);
  backend.free(codes);
}

function skipTests(begin: Begin): void {
  it("rows with a shut gate: equal to the dense product and activation, and within 1e-6 of the reference's", () => {
    const twins = begin();
    for (const activation of ["relu", "relu2"] as const) {
      for (const [M, K] of [
        [1, 32],
        [7, 33],
        [24, 100],
        [133, 64],
        [40, 1000],
      ] as const) {
        for (const share of shares) {
          const [w, x, gate] = [matrix(twins, M, K), twins.noise(K), twins.floats(gates(M, share))];
          const [skipped, dense, up] = [twins.noise(M + 1), twins.noise(M + 1), twins.noise(M)];
          twins.run((b, at) =>
            withBuffers(b, M, K, (layout, codes) => {
              b.quantizeRows(codes, at(x), 1, K);
              b.repackInt4(layout, at(w), M, K, "rows", false);
              b.gatedRowsInt4(at(skipped), at(gate), codes, layout, M, K, activation);
              b.matmulInt4(at(up), codes, at(w), 1, M, K, M, false);
              b.activate(at(dense), at(gate), at(up), 1, M, M, activation);
            }),
          );
          sameBits(twins, skipped, dense, M, `${activation} ${M} × ${K}, ${share} shut`);
          twins.same(skipped, 1e-6, `${activation} ${M} × ${K}, ${share} shut`);
          twins.release();
        }
      }
    }
  });

  it("columns of zeros: equal to the dense product, and within 1e-6 of the reference's", () => {
    const twins = begin();
    for (const [M, K] of [
      [32, 32],
      [64, 100],
      [96, 33],
      [160, 1000],
    ] as const) {
      for (const share of shares) {
        const x = twins.floats(gates(K, share).map((value, k) => (value <= 0 ? 0 : k % 3 === 0 ? -value : value)));
        const [w, start] = [matrix(twins, M, K), twins.noise(M)];
        const [skipped, dense] = [twins.noise(M + 1), twins.noise(M + 1)];
        for (const accumulate of [false, true]) {
          twins.run((b, at) =>
            withBuffers(b, M, K, (layout, codes) => {
              b.quantizeRows(codes, at(x), 1, K);
              b.repackInt4(layout, at(w), M, K, "columns", false);
              for (const out of [skipped, dense]) b.copy(at(out), at(start), M);
              b.skipColumnsInt4(at(skipped), codes, layout, M, K, accumulate);
              b.matmulInt4(at(dense), codes, at(w), 1, M, K, M, accumulate);
            }),
          );
          sameBits(twins, skipped, dense, M, `${M} × ${K}, ${share} zeros, accumulate ${accumulate}`);
          twins.same(skipped, 1e-6, `${M} × ${K}, ${share} zeros, accumulate ${accumulate}`);
        }
        twins.release();
      }
    }
  });

  it("the largest codes of both signs do not overflow", () => {
    const twins = begin();
    const [M, K] = [32, 64];
    const values = Float32Array.from({ length: M * K }, (_, i) => (Math.floor(i / K) % 2 ? -8 : 7));
    const w = twins.ints(new Int32Array(packInt4(values, M, K).buffer));
    const [skipped, dense] = [twins.noise(M), twins.noise(M)];
    for (const sign of [1, -1]) {
      const x = twins.floats(new Float32Array(K).fill(sign));
      twins.run((b, at) =>
        withBuffers(b, M, K, (layout, codes) => {
          b.quantizeRows(codes, at(x), 1, K);
          b.repackInt4(layout, at(w), M, K, "columns", false);
          b.skipColumnsInt4(at(skipped), codes, layout, M, K, false);
          b.matmulInt4(at(dense), codes, at(w), 1, M, K, M, false);
        }),
      );
      sameBits(twins, skipped, dense, M, `sign ${sign}`);
    }
  });

  it("counts shut gates", () => {
    const twins = begin();
    for (const n of [1, 3, 4, 5, 100, 1001]) {
      const [gate, count] = [twins.floats(gates(n, 0.7)), twins.ints([5])];
      for (let i = 0; i < 2; i++) twins.run((b, at) => b.countShut(at(count), at(gate), n));
      const [found] = twins.subject.i32(count.subject, 1);
      expect(found, `n ${n}`).toBe(twins.oracle.i32(count.oracle, 1)[0]);
      twins.release();
    }
  });
}

/** The first n numbers of two buffers of the subject; 0 and −0 are the same. */
function sameBits({ subject }: Twins, a: Slot, b: Slot, n: number, label: string): void {
  const read = (slot: Slot) => Array.from(subject.f32(slot.subject, n), (value) => value + 0);
  expect(read(a), label).toEqual(read(b));
}

function profileTests(begin: Begin): void {
  it("books time under the operators that were marked, and changes no result", () => {
    const twins = begin();
    const { subject } = twins;
    // Each operator works for several ticks of the 0.1 ms that a page's clock has where it is not isolated.
    const n = 20_000;
    const [a, b, sum, again] = [twins.noise(n), twins.noise(n), twins.noise(n), twins.noise(n)];
    const work = (out: Slot) => {
      for (const operator of ["ffn", "head", "ffn"] as const) {
        subject.mark(operator);
        for (let i = 0; i < 300; i++) subject.add(out.subject, a.subject, b.subject, n);
      }
    };
    work(sum);
    subject.startProfile();
    work(again);
    const times = subject.stopProfile();
    subject.mark("other");
    const booked = operators.filter((name) => times[name].busy + times[name].waiting > 0);
    expect(booked.filter((name) => name !== "other")).toEqual(["ffn", "head"]);
    expect([...subject.f32(again.subject, n)]).toEqual([...subject.f32(sum.subject, n)]);
    subject.startProfile();
    subject.flush();
    expect(subject.stopProfile().ffn).toEqual({ busy: 0, waiting: 0 });
  });
}
