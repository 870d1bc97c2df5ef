// Contract of the training operations: what every backend must agree on with the reference, at the edges of tiles.
// Differences are measured against the largest magnitude in the compared buffer.
import { afterEach, describe, expect, it } from "vitest";
import { activations } from "../../spec/spec.ts";
import type { Backend, GemmLayout } from "../backend.ts";
import { type Slot, Twins } from "./twins.ts";

/** Declares the tests; `backend` returns the backend under test once the tests run. */
export function trainingContract(backend: () => Backend): void {
  let twins: Twins;
  const begin = () => (twins = new Twins(backend()));
  afterEach(() => twins.release());
  describe("products", () => productTests(begin));
  describe("attention within segments", () => attentionTests(begin));
  describe("gradients of rows", () => rowTests(begin));
  describe("loss and optimiser", () => lossTests(begin, backend));
  describe("fake quantisation", () => fakeQuantizeTests(begin, backend));
}

type Begin = () => Twins;

interface Product {
  layout: GemmLayout;
  M: number;
  N: number;
  K: number;
  /** Floats between the end of a row and the next. */
  gap?: number;
  accumulate?: boolean;
}

function checkProduct(twins: Twins, { layout, M, N, K, gap = 0, accumulate = false }: Product): void {
  const [lda, aRows] = layout === "tn" ? [M + gap, K] : [K + gap, M];
  const [ldb, bRows] = layout === "nt" ? [K + gap, N] : [N + gap, K];
  const a = twins.noise(lda * aRows);
  const b = twins.noise(ldb * bRows);
  const out = twins.noise((N + gap) * M);
  twins.run((x, at) => x.gemm(layout, at(out), at(a), at(b), M, N, K, lda, ldb, N + gap, accumulate));
  twins.same(out, 4e-6, `${layout} ${M}×${N}×${K} gap ${gap}${accumulate ? " accumulating" : ""}`);
  twins.release();
}

function productTests(begin: Begin): void {
  const layouts: GemmLayout[] = ["nt", "nn", "tn"];
  for (const layout of layouts) {
    it(`${layout}: sizes around the tiles of 6 × 8 and 6 × 16 and the change from few rows, within 4e-6`, () => {
      const twins = begin();
      for (const M of [1, 2, 5, 6, 7, 8, 9, 13]) {
        for (const N of [1, 4, 7, 8, 9, 17, 33]) {
          for (const K of [1, 2, 3, 4, 5, 31]) {
            checkProduct(twins, { layout, M, N, K, gap: (M + N + K) % 3, accumulate: (M + K) % 2 === 0 });
          }
        }
      }
    });
    it(`${layout}: sizes around the packed blocks (k 256, n 512), within 4e-6`, () => {
      const twins = begin();
      for (const K of [255, 256, 257, 700]) checkProduct(twins, { layout, M: 20, N: 24, K, accumulate: K === 257 });
      for (const N of [511, 512, 513, 1030]) checkProduct(twins, { layout, M: 13, N, K: 20, gap: 3 });
      checkProduct(twins, { layout, M: 13, N: 520, K: 300, accumulate: true });
      checkProduct(twins, { layout, M: 700, N: 40, K: 48 });
    });
    it(`${layout}: an empty sum is zero`, () => {
      const twins = begin();
      checkProduct(twins, { layout, M: 7, N: 9, K: 0, gap: 1 });
      checkProduct(twins, { layout, M: 7, N: 9, K: 0, accumulate: true });
    });
  }
}

interface Heads {
  H: number;
  K: number;
  D: number;
  lengths: number[];
}

function checkAttention(twins: Twins, { H, K, D, lengths }: Heads): void {
  const cu = [0];
  for (const length of lengths) cu.push(cu.at(-1)! + length);
  const N = cu.at(-1)!;
  const stride = (H + 2 * K) * D + 2;
  const qkv = twins.noise(N * stride, 2);
  const gradient = twins.noise(N * stride);
  const dOut = twins.noise(N * H * D);
  const out = twins.noise(N * H * D);
  const lse = twins.noise(N * H);
  const segments = twins.ints(cu);
  const k = 4 * H * D;
  const v = k + 4 * K * D;
  twins.run((x, at) => {
    const q = at(qkv);
    x.attention(at(out), at(lse), q, q + k, q + v, at(segments), lengths.length, N, H, K, D, stride);
  });
  const label = `${H}/${K} heads of ${D}, segments ${lengths.join(",")}`;
  twins.same(out, 5e-6, `out, ${label}`);
  twins.same(lse, 5e-6, `lse, ${label}`);
  twins.run((x, at) => {
    const q = at(qkv);
    const dq = at(gradient);
    x.attentionBackward(
      dq,
      dq + k,
      dq + v,
      at(dOut),
      at(out),
      at(lse),
      q,
      q + k,
      q + v,
      at(segments),
      lengths.length,
      N,
      H,
      K,
      D,
      stride,
    );
  });
  twins.same(gradient, 1e-5, `gradients, ${label}`);
  twins.release();
}

function attentionTests(begin: Begin): void {
  it("segment lengths around the tiles, forward within 5e-6, gradients within 1e-5", () => {
    const twins = begin();
    for (const length of [1, 2, 5, 6, 7, 8, 9, 47, 48, 49, 96, 97]) {
      checkAttention(twins, { H: 2, K: 1, D: 8, lengths: [length] });
    }
    checkAttention(twins, { H: 2, K: 2, D: 16, lengths: [0, 3, 0, 0, 17, 1, 50, 0] });
    checkAttention(twins, { H: 4, K: 2, D: 32, lengths: [40, 9, 64, 23, 31] });
  });
  it("head sizes 8 to 128, even ones too, within 1e-5", () => {
    const twins = begin();
    for (const D of [8, 10, 12, 14, 24, 30, 40, 64, 96, 128])
      checkAttention(twins, { H: 2, K: 1, D, lengths: [13, 30] });
  });
  it("query heads per key head from 1 to 8, within 1e-5", () => {
    const twins = begin();
    for (const [H, K] of [
      [1, 1],
      [3, 3],
      [6, 2],
      [8, 1],
      [9, 3],
    ] as const) {
      checkAttention(twins, { H, K, D: 16, lengths: [20, 5, 33] });
    }
  });
  it("segments longer than a block of 256 keys, within 1e-5", () => {
    const twins = begin();
    for (const length of [255, 256, 257, 600]) checkAttention(twins, { H: 2, K: 1, D: 16, lengths: [length, 7] });
    checkAttention(twins, { H: 1, K: 1, D: 256, lengths: [140] });
  });
}

function rowTests(begin: Begin): void {
  const shapes = [
    [1, 1],
    [1, 4],
    [3, 7],
    [5, 64],
    [64, 130],
  ] as const;
  it("RMSNorm, within 5e-6", () => {
    const twins = begin();
    for (const [N, C] of shapes) {
      const [dx, dWeight, dOut, x, weight] = [N * C, C, N * C, N * C, C].map((n) => twins.noise(n)) as FiveSlots;
      const rstd = twins.floats(Float32Array.from({ length: N }, (_, i) => 1.3 + (i % 5)));
      twins.run((b, at) => b.rmsNormBackward(at(dx), at(dWeight), at(dOut), at(x), at(weight), at(rstd), N, C));
      twins.same(dx, 5e-6, `dx ${N}×${C}`);
      twins.same(dWeight, 5e-6, `dWeight ${N}×${C}`);
    }
  });
  it("LayerNorm, with and without bias, within 5e-6", () => {
    const twins = begin();
    for (const [N, C] of shapes) {
      for (const biased of [true, false]) {
        const [dx, dWeight, dOut, x, weight] = [N * C, C, N * C, N * C, C].map((n) => twins.noise(n)) as FiveSlots;
        const dBias = biased ? twins.noise(C) : null;
        const stats = twins.floats(Float32Array.from({ length: 2 * N }, (_, i) => (i % 2 ? 1.7 : 0.2) + (i % 3) / 10));
        twins.run((b, at) =>
          b.layerNormBackward(at(dx), at(dWeight), at(dBias), at(dOut), at(x), at(weight), at(stats), N, C),
        );
        twins.same(dx, 5e-6, `dx ${N}×${C}`);
        twins.same(dWeight, 5e-6, `dWeight ${N}×${C}`);
        if (dBias) twins.same(dBias, 5e-6, `dBias ${N}×${C}`);
      }
    }
  });
  for (const activation of activations) {
    it(`${activation}, gated and not, strided, within 3e-6`, () => {
      const twins = begin();
      for (const [N, F] of shapes) {
        for (const stride of [F, 2 * F + 1]) {
          const gate = twins.noise(N * stride, 6);
          const dOut = twins.noise(N * F);
          const dGate = twins.noise(N * stride);
          const [up, dUp] = stride > F ? [twins.noise(N * stride), twins.noise(N * stride)] : [null, null];
          twins.run((b, at) =>
            b.activateBackward(at(dGate), at(dUp), at(dOut), at(gate), at(up), N, F, stride, activation),
          );
          twins.same(dGate, 3e-6, `dGate ${N}×${F}`);
          if (dUp) twins.same(dUp, 3e-6, `dUp ${N}×${F}`);
        }
      }
    });
  }
}

type FiveSlots = [Slot, Slot, Slot, Slot, Slot];

function lossTests(begin: Begin, backend: () => Backend): void {
  it("dropout: the same mask, within 1e-6", () => {
    const twins = begin();
    for (const [n, p, seed] of [
      [1, 0.5, 1],
      [7, 0.1, 2],
      [1003, 0.25, 123456],
      [64, 0, 0],
      [100, 0.9, 2 ** 31 - 1],
    ] as const) {
      const x = twins.noise(n);
      const out = twins.noise(n);
      twins.run((b, at) => b.dropout(at(out), at(x), n, p, seed));
      twins.same(out, 1e-6, `n ${n}, p ${p}, seed ${seed}`);
    }
  });
  it("cross-entropy in chunks of the vocabulary, with smoothing and weights, within 3e-6", () => {
    const twins = begin();
    for (const chunks of [[1], [3], [8, 5], [16, 16, 7], [300, 201]]) {
      for (const smoothing of [0, 0.1]) checkCrossEntropy(twins, chunks, smoothing);
    }
  });
  it("sum of squares, within 1e-6", () => {
    const twins = begin();
    for (const n of [1, 3, 17, 4096, 4097, 100_003]) {
      const x = twins.noise(n);
      const out = twins.noise(2);
      twins.run((b, at) => b.sumSquares(at(out), at(x), n));
      twins.same(out, 1e-6, `n ${n}`);
    }
  });
  it("cross-entropy and AdamW make no denormal numbers, and keep NaN", () => {
    const twins = begin();
    const x = backend();
    const [logits, stats, target, weight, loss] = [[0, -70, -90, -100], [0, 1], [0], [1], [0]].map((v) =>
      twins.floats(v),
    );
    x.crossEntropy(loss!.subject, logits!.subject, stats!.subject, target!.subject, weight!.subject, 1, 4, 0, 4, 0);
    expect([...x.f32(logits!.subject, 4)]).toEqual([0, 0, 0, 0]);
    const n = 8;
    const [p, g, m, v] = [1, 0, 1e-37, 1e-37].map((value) => twins.floats(new Float32Array(n).fill(value)));
    x.f32(g!.subject, n)[3] = Number.NaN;
    x.adamw(p!.subject, g!.subject, m!.subject, v!.subject, n, 0.1, 0.9, 0.95, 1e-8, 0, 9, 1);
    expect([...x.f32(m!.subject, n)]).toEqual([0, 0, 0, Number.NaN, 0, 0, 0, 0]);
    expect([...x.f32(p!.subject, n)]).toEqual([1, 1, 1, Number.NaN, 1, 1, 1, 1]);
  });
  it("the same bits every time", () => {
    const twins = begin();
    const x = backend();
    const [N, C] = [301, 70];
    const [dOut, input, weight, rstd] = [N * C, N * C, C, N].map((n) => twins.noise(n));
    const run = () => {
      const [dx, dWeight, squares] = [N * C, C, 1].map((n) => twins.floats(new Float32Array(n)));
      x.rmsNormBackward(
        dx!.subject,
        dWeight!.subject,
        dOut!.subject,
        input!.subject,
        weight!.subject,
        rstd!.subject,
        N,
        C,
      );
      x.gemm("tn", dx!.subject, dOut!.subject, input!.subject, C, C, N, C, C, C, true);
      x.sumSquares(squares!.subject, dx!.subject, N * C);
      return [dx!, dWeight!, squares!].map((slot) => [...x.f32(slot.subject, slot.length)]);
    };
    const first = run();
    for (let i = 0; i < 10; i++) expect(run()).toEqual(first);
  });
  it("cross-entropy among 1 to 13 of 20 tokens, widths around 8, within 4e-6", () => {
    for (const C of [1, 4, 7, 8, 9, 33]) for (const smoothing of [0, 0.2]) checkChoices(begin(), C, smoothing);
  });
  it("AdamW over three steps, within 2e-6", () => {
    const twins = begin();
    for (const n of [1, 6, 1001]) {
      const [p, g, m, v] = [twins.noise(n), twins.noise(n), twins.noise(n, 0), twins.noise(n, 0)];
      for (const step of [1, 2, 3]) {
        twins.run((b, at) => b.adamw(at(p), at(g), at(m), at(v), n, 1e-2, 0.9, 0.95, 1e-8, 0.1, step, 0.7));
        for (const slot of [p, m, v]) twins.same(slot, 2e-6, `n ${n}, step ${step}`);
      }
    }
  });
}

/** Rows of C with 1, 2, … choices out of 20 tokens. */
function checkChoices(twins: Twins, C: number, smoothing: number): void {
  const N = 7;
  const V = 20;
  const rows = Array.from({ length: N }, (_, i) => Array.from({ length: 1 + 2 * i }, (_, j) => (3 * i + 7 * j) % V));
  const offsets = twins.ints([0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]);
  const ids = twins.ints(rows.flat());
  const targets = twins.ints(rows.map((row, i) => row[(i * 5) % row.length]!));
  const weights = twins.floats(rows.map((_, i) => (i === 3 ? 0 : 1 / (i + 1))));
  const [x, head, dHead] = [twins.noise(N * C), twins.noise(V * C), twins.noise(V * C)];
  const [loss, dLogits, dx] = [twins.noise(N), twins.noise(rows.flat().length), twins.noise(N * C)];
  for (const to of [dx, null]) {
    twins.run((b, at) => {
      const [from, table, begin, among] = [at(x), at(head), at(offsets), at(ids)];
      const wanted = [at(targets), at(weights)] as const;
      b.choiceCrossEntropy(at(loss), at(dLogits), at(to), from, table, begin, among, ...wanted, N, C, smoothing);
      b.choiceHeadBackward(at(dHead), at(dLogits), from, begin, among, N, C);
    });
    for (const slot of [loss, dLogits, dx, dHead]) twins.same(slot, 4e-6, `C ${C}, smoothing ${smoothing}`);
  }
  twins.release();
}

function fakeQuantizeTests(begin: Begin, backend: () => Backend): void {
  const bits = (x: Backend, ptr: number, n: number) => [...x.i32(ptr, n)];
  const check = (twins: Twins, w: Slot, rows: number, columns: number) => {
    const out = twins.noise(w.length + 8);
    twins.run((x, at) => x.fakeQuantizeInt4(at(out), at(w), rows, columns));
    const wanted = bits(twins.oracle, out.oracle, out.length);
    expect(bits(twins.subject, out.subject, out.length), `${rows} × ${columns}`).toEqual(wanted);
  };
  it("rows around 8 and columns around 32, bit for bit", () => {
    const twins = begin();
    for (const rows of [1, 2, 7, 8, 9, 16]) {
      for (const columns of [1, 3, 31, 32, 33, 64, 100]) {
        check(twins, twins.noise(rows * columns, 0.1), rows, columns);
        twins.release();
      }
    }
    check(twins, twins.noise(300 * 160), 300, 160);
  });
  it("zeros, ternary, huge, tiny and equal weights, bit for bit", () => {
    const twins = begin();
    const kinds = [0, 1, 1e37, 1e-31, 1e-29, 1e-45].map((size) =>
      Array.from({ length: 40 }, (_, i) => ((i % 3) - 1) * size),
    );
    kinds.push(new Array(40).fill(0.3), new Array(40).fill(-0.3));
    for (const kind of kinds) check(twins, twins.floats(kind), 1, 40);
  });
  it("leaves a group with a weight that is not finite as it is", () => {
    const twins = begin();
    const x = backend();
    const w = twins.noise(96);
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      x.f32(w.subject, 96)[40] = bad;
      const out = twins.noise(96);
      x.fakeQuantizeInt4(out.subject, w.subject, 1, 96);
      expect(bits(x, out.subject + 128, 32)).toEqual(bits(x, w.subject + 128, 32));
      expect(bits(x, out.subject, 32)).not.toEqual(bits(x, w.subject, 32));
    }
  });
}

function checkCrossEntropy(twins: Twins, chunks: number[], smoothing: number): void {
  const N = 9;
  const V = chunks.reduce((sum, width) => sum + width, 0);
  const targets = twins.ints(Array.from({ length: N }, (_, i) => (i === 4 ? -1 : (i * 37) % V)));
  const weights = twins.floats(Array.from({ length: N }, (_, i) => (i === 4 ? 0 : 1 / (i + 1))));
  const stats = twins.noise(2 * N);
  const loss = twins.floats(new Float32Array(N));
  const logits = chunks.map((width) => twins.noise(N * width, 10));
  chunks.forEach((width, c) => {
    twins.run((b, at) => b.logSumExp(at(stats), at(logits[c]!), N, width, c === 0));
  });
  twins.same(stats, 3e-6, `stats of ${chunks}`);
  let offset = 0;
  chunks.forEach((width, c) => {
    const from = offset;
    twins.run((b, at) =>
      b.crossEntropy(at(loss), at(logits[c]!), at(stats), at(targets), at(weights), N, width, from, V, smoothing),
    );
    twins.same(logits[c]!, 3e-6, `gradient of chunk ${c} of ${chunks}, smoothing ${smoothing}`);
    offset += width;
  });
  twins.same(loss, 3e-6, `loss of ${chunks}, smoothing ${smoothing}`);
  twins.release();
}
