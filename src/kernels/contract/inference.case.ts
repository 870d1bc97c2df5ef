// Contract of the inference operations and of those that inference shares with training: what every backend must agree
// on with the reference, at the edges of tiles. Differences are measured against the largest magnitude in the buffer.
import { afterEach, describe, expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import { activations } from "../../spec/spec.ts";
import { type Backend, type KvFormat, type KvLayer, kvPageTokens } from "../backend.ts";
import { packValues } from "./packed.case.ts";
import { type Slot, Twins } from "./twins.ts";

/** Declares the tests; `backend` returns the backend under test once the tests run. */
export function inferenceContract(backend: () => Backend): void {
  let twins: Twins;
  const begin = () => (twins = new Twins(backend()));
  afterEach(() => twins.release());
  describe("elementwise", () => elementwiseTests(begin));
  describe("rows", () => rowTests(begin));
  describe("int4", () => int4Tests(begin));
  describe("cache", () => cacheTests(begin));
}

type Begin = () => Twins;

const sizes = [1, 2, 3, 4, 5, 15, 16, 17, 33, 100];

function elementwiseTests(begin: Begin): void {
  it("reserved memory is zero, also where something was before", () => {
    const { subject } = begin();
    for (const bytes of [1, 64, 100, 70_000]) {
      for (let again = 0; again < 2; again++) {
        const [a, b] = [subject.alloc(bytes), subject.alloc(2 * bytes)];
        for (const [ptr, length] of [
          [a, bytes],
          [b, 2 * bytes],
        ] as const) {
          expect(subject.u8(ptr, length).every((byte) => byte === 0)).toBe(true);
          subject.u8(ptr, length).fill(255);
        }
        subject.free(a);
        subject.free(b);
      }
    }
  });

  it("fill, copy and add are exact, axpy within 1e-7", () => {
    const twins = begin();
    for (const n of sizes) {
      const [a, b, sum, scaled] = [twins.noise(n), twins.noise(n), twins.noise(n + 1), twins.noise(n + 1)];
      const [filled, copied] = [twins.noise(n + 1), twins.noise(n + 1)];
      twins.run((x, at) => {
        x.fill(at(filled), 2.5, n);
        x.copy(at(copied), at(a), n);
        x.add(at(sum), at(a), at(b), n);
        x.axpy(at(scaled), at(a), -0.3, n);
      });
      for (const slot of [filled, copied, sum]) twins.same(slot, 1e-30, `n ${n}`);
      twins.same(scaled, 1e-7, `axpy n ${n}`);
      twins.release();
    }
  });

  it("clamps and adds biases exactly, soft-caps within 1e-6", () => {
    const twins = begin();
    for (const n of sizes) {
      const [x, capped, bias, rows] = [
        twins.noise(n + 1, 3),
        twins.noise(n + 1, 9),
        twins.noise(n),
        twins.noise(3 * n + 4),
      ];
      twins.run((b, at) => {
        b.clamp(at(x), n, 1.3);
        b.softCap(at(capped), n, 2.5);
        b.addBias(at(rows), at(bias), 3, n, n + 1);
      });
      twins.same(x, 1e-30, `clamp n ${n}`);
      twins.same(rows, 1e-30, `bias n ${n}`);
      twins.same(capped, 1e-6, `cap n ${n}`);
      twins.release();
    }
  });

  it("gathers rows exactly; scatters with repeated ids exactly", () => {
    const twins = begin();
    for (const C of sizes) {
      const ids = twins.ints([3, 0, 3, 4, 3]);
      const [table, rows, sums] = [twins.noise(5 * C), twins.noise(5 * C + 1), twins.noise(5 * C + 1)];
      twins.run((x, at) => {
        x.gatherRows(at(rows), at(table), at(ids), 5, C);
        x.scatterAddRows(at(sums), at(ids), at(table), 5, C);
      });
      twins.same(rows, 1e-30, `gather C ${C}`);
      twins.same(sums, 1e-30, `scatter C ${C}`);
      twins.release();
    }
  });

  it("finds the first largest, at every place and among equals", () => {
    const twins = begin();
    for (const n of [...sizes, 1000]) {
      for (const place of [0, n >> 1, n - 1]) {
        const values = Float32Array.from({ length: n }, (_, i) =>
          i < place ? -1 - i : i === place ? -0.5 : -0.5 - (i % 2),
        );
        const [x, out] = [twins.floats(values), twins.ints([-1])];
        twins.run((backend, at) => backend.argmax(at(out), at(x), n));
        const [found] = twins.subject.i32(out.subject, 1);
        expect(found, `n ${n}`).toBe(place);
        expect(found).toBe(twins.oracle.i32(out.oracle, 1)[0]);
        twins.release();
      }
    }
  });
}

function rowTests(begin: Begin): void {
  it("RMSNorm and LayerNorm, with and without statistics and bias, within 1e-6", () => {
    const twins = begin();
    for (const C of sizes) {
      for (const N of [1, 2, 7]) {
        const [x, weight, bias] = [twins.noise(N * C, 3), twins.noise(C), twins.noise(C)];
        const [rms, rstd, plain, layer, stats] = [N * C, N, N * C, N * C, 2 * N].map((n) => twins.noise(n + 1));
        twins.run((b, at) => {
          b.rmsNorm(at(rms!), at(x), at(weight), N, C, 1e-6, at(rstd!));
          b.layerNorm(at(plain!), at(x), at(weight), 0, N, C, 1e-5, 0);
          b.layerNorm(at(layer!), at(x), at(weight), at(bias), N, C, 1e-5, at(stats!));
          b.rmsNorm(at(x), at(x), at(weight), N, C, 1e-6, 0);
        });
        // A single column has variance 0, and its mean is exact.
        for (const slot of [rms, rstd, plain, layer, stats, x]) twins.same(slot!, 1e-6, `N ${N} C ${C}`);
        twins.release();
      }
    }
  });

  it("norms of parts of rows within 1e-6", () => {
    const twins = begin();
    for (const width of sizes) {
      for (const parts of [1, 3]) {
        const [N, stride] = [4, parts * width + 2];
        const [rms, layer, plain] = [0, 1, 2].map(() => twins.noise(N * stride, 3));
        const [weight, bias] = [twins.noise(parts * width), twins.noise(parts * width)];
        twins.run((b, at) => {
          b.normParts(at(rms!), at(weight), 0, N, parts, width, stride, 1e-6, "rms");
          b.normParts(at(layer!), at(weight), at(bias), N, parts, width, stride, 1e-5, "layer");
          b.normParts(at(plain!), at(weight), 0, N, parts, width, stride, 1e-5, "layer");
        });
        for (const slot of [rms, layer, plain]) twins.same(slot!, 1e-6, `parts ${parts} width ${width}`);
        twins.release();
      }
    }
  });

  it("RoPE forward and back within 2e-7", () => {
    const twins = begin();
    for (const D of [2, 6, 8, 10, 24, 64, 128]) {
      for (const [N, heads] of [
        [1, 1],
        [3, 2],
        [7, 5],
      ] as const) {
        const stride = heads * D + 3;
        const [x, table] = [twins.noise(N * stride), twins.noise(12 * D)];
        const positions = twins.ints(Array.from({ length: N }, (_, i) => (i * 5 + 4) % 12));
        for (const inverse of [false, true]) {
          twins.run((b, at) => b.rope(at(x), at(table), at(positions), N, heads, D, stride, inverse));
          twins.same(x, 2e-7, `D ${D} N ${N} heads ${heads} inverse ${inverse}`);
        }
        twins.release();
      }
    }
  });

  for (const activation of activations) {
    it(`${activation}, gated and not, within 4e-7`, () => {
      const twins = begin();
      for (const F of sizes) {
        const [N, stride] = [3, 2 * F + 1];
        const [gate, up] = [twins.noise(N * stride, 6), twins.noise(N * stride)];
        const [gated, alone] = [twins.noise(N * F + 1), twins.noise(N * F + 1)];
        twins.run((b, at) => {
          b.activate(at(gated), at(gate), at(up), N, F, stride, activation);
          b.activate(at(alone), at(gate), 0, N, F, stride, activation);
        });
        twins.same(gated, 4e-7, `gated F ${F}`);
        twins.same(alone, 4e-7, `alone F ${F}`);
        twins.release();
      }
    });
  }
}

/** A packed matrix of any codes and positive scales. */
function packed(twins: Twins, M: number, K: number): Slot {
  const random = createRandom(M, "packed", K);
  const bytes = packValues(M, K, { code: () => random.below(16), scale: () => 0x3c00 | random.below(256) });
  return twins.ints(new Int32Array(bytes.buffer));
}

/** Multiplies noise [N,K] by a packed [M,K] on both backends; returns the output [N, M + gap]. */
function multiply(twins: Twins, N: number, M: number, K: number, gap: number, accumulate: boolean): Slot {
  const [weights, x, out] = [packed(twins, M, K), twins.noise(N * K), twins.noise(N * (M + gap))];
  twins.run((b, at) => {
    const activations = b.alloc(b.activationBytes(N, K));
    b.quantizeRows(activations, at(x), N, K);
    b.matmulInt4(at(out), activations, at(weights), N, M, K, M + gap, accumulate);
    b.flush();
    b.free(activations);
  });
  return out;
}

function int4Tests(begin: Begin): void {
  it("gathers rows exactly", () => {
    const twins = begin();
    for (const C of [1, 31, 32, 33, 100]) {
      const [table, ids, out] = [packed(twins, 19, C), twins.ints([0, 18, 7, 8, 12, 7]), twins.noise(6 * C + 1)];
      twins.run((b, at) => b.gatherInt4(at(out), at(table), at(ids), 6, C));
      twins.same(out, 1e-30, `C ${C}`);
      twins.release();
    }
  });

  it("products of one block are exact: the same codes and integer sums", () => {
    const twins = begin();
    for (const N of [1, 3, 5, 6, 8]) {
      for (const K of [1, 2, 31, 32]) {
        twins.same(multiply(twins, N, 19, K, 0, false), 1e-30, `N ${N} K ${K}`);
        twins.release();
      }
    }
  });

  it("products around the tiles of 8 and 16 rows, 4 tokens and 32 columns, within 1e-6", () => {
    const twins = begin();
    for (const N of [1, 2, 4, 5, 6, 7, 11, 12, 13]) {
      for (const M of [1, 3, 4, 5, 7, 8, 9, 17]) {
        for (const K of [1, 31, 32, 33, 100]) {
          const accumulate = (N + M + K) % 2 === 0;
          const label = `${N} tokens × ${M} rows × ${K}${accumulate ? " accumulating" : ""}`;
          twins.same(multiply(twins, N, M, K, (N + M) % 3, accumulate), 1e-6, label);
          twins.release();
        }
      }
    }
  });

  it("long products, more tokens than one pass over the weights takes, within 1e-6", () => {
    const twins = begin();
    twins.same(multiply(twins, 1, 40, 2000, 0, false), 1e-6, "decode");
    twins.same(multiply(twins, 130, 24, 1100, 1, true), 1e-6, "prefill");
    // Several ranges of rows for each thread, whole and partial panels.
    for (const M of [33, 45, 77, 300]) {
      for (const N of [1, 7, 13]) twins.same(multiply(twins, N, M, 70, 1, N === 7), 1e-6, `${N} × ${M}`);
      twins.release();
    }
  });

  it("a token's product is the same bit for bit alone and among others", () => {
    const twins = begin();
    const backend = twins.subject;
    const [N, M, K] = [13, 21, 100];
    const [weights, x] = [packed(twins, M, K), twins.noise(N * K)];
    const [together, alone] = [twins.noise(N * M), twins.noise(N * M)];
    const activations = backend.alloc(backend.activationBytes(N, K));
    backend.quantizeRows(activations, x.subject, N, K);
    backend.matmulInt4(together.subject, activations, weights.subject, N, M, K, M, false);
    for (let i = 0; i < N; i++) {
      backend.quantizeRows(activations, x.subject + 4 * i * K, 1, K);
      backend.matmulInt4(alone.subject + 4 * i * M, activations, weights.subject, 1, M, K, M, false);
    }
    backend.flush();
    backend.free(activations);
    expect(backend.f32(alone.subject, N * M)).toEqual(backend.f32(together.subject, N * M));
  });

  it("rows of zeros and of the smallest numbers give zeros; a NaN reaches the whole row", () => {
    const twins = begin();
    const backend = twins.subject;
    const [M, K] = [9, 40];
    const weights = packed(twins, M, K);
    const x = twins.floats(
      Array.from({ length: 3 * K }, (_, i) => (i < K ? 0 : i < 2 * K ? 1e-35 : i === 110 ? NaN : 1)),
    );
    const out = twins.noise(3 * M);
    const activations = backend.alloc(backend.activationBytes(3, K));
    backend.quantizeRows(activations, x.subject, 3, K);
    backend.matmulInt4(out.subject, activations, weights.subject, 3, M, K, M, false);
    const values = [...backend.f32(out.subject, 3 * M)];
    backend.free(activations);
    expect(values.slice(0, 2 * M).every((value) => value === 0)).toBe(true);
    expect(values.slice(2 * M).every(Number.isNaN)).toBe(true);
  });
}

interface CacheCase {
  format: KvFormat;
  H: number;
  K: number;
  D: number;
  /** Tokens appended at once, one batch after the other. */
  batches: number[];
  /** What is done to the scores. */
  window?: number;
  cap?: number;
  slopes?: boolean;
}

const tolerance = { f32: 2e-6, int8: 1e-4 } as const;

/** A cache of one layer for so many tokens, whose pages lie in falling order with gaps; `free` gives them back. */
function createCache(backend: Backend, tokens: number, K: number, D: number, format: KvFormat) {
  const bytes = backend.kvBytes(K, D, format);
  const count = Math.ceil(tokens / kvPageTokens);
  const addresses = Array.from({ length: count }, () => backend.alloc(2 * bytes + 80)).reverse();
  const pages = backend.alloc(4 * count);
  backend.i32(pages, count).set(addresses);
  const layer: KvLayer = { pages, keys: 16, values: 48 + bytes, format };
  const free = () => {
    for (const ptr of [pages, ...addresses]) backend.free(ptr);
  };
  return { layer, bytes, addresses, free };
}

/** Appends batches of tokens to both backends' caches, attending after each. */
function checkCache(twins: Twins, { format, H, K, D, batches, window = 0, cap = 0, slopes }: CacheCase): void {
  const total = batches.reduce((sum, n) => sum + n, 0);
  const stride = (H + 2 * K) * D + 1;
  const [rows, out] = [twins.noise(total * stride, 2), twins.noise(total * H * D)];
  const penalties = slopes ? twins.floats(Array.from({ length: H }, (_, h) => 0.5 ** (h + 1))) : null;
  twins.run((b, at) => {
    const cache = createCache(b, total, K, D, format);
    let position = 0;
    for (const N of batches) {
      const row = at(rows) + 4 * position * stride;
      b.kvAppend(cache.layer, row + 4 * H * D, row + 4 * (H + K) * D, N, position, K, D, stride);
      const how = { window, cap, slopes: at(penalties) };
      b.attentionCached(at(out) + 4 * position * H * D, row, cache.layer, N, position, H, K, D, stride, how);
      position += N;
    }
    b.flush();
    cache.free();
  });
  twins.same(out, tolerance[format], `${format} H ${H} K ${K} D ${D} batches ${batches} window ${window} cap ${cap}`);
  twins.release();
}

function cacheTests(begin: Begin): void {
  for (const format of ["int8", "f32"] as const) {
    it(`${format}: head sizes and shares of key heads, within ${tolerance[format]}`, () => {
      const twins = begin();
      for (const D of [2, 6, 8, 10, 24, 40, 48, 64, 112, 128, 136]) {
        for (const [H, K] of [
          [1, 1],
          [4, 4],
          [6, 2],
          [5, 1],
        ] as const) {
          checkCache(twins, { format, H, K, D, batches: [3, 1, 1, 7] });
        }
      }
    });

    it(`${format}: every length from 1 to 70, one by one and at once, within ${tolerance[format]}`, () => {
      const twins = begin();
      checkCache(twins, { format, H: 2, K: 1, D: 8, batches: new Array(70).fill(1) });
      checkCache(twins, { format, H: 3, K: 3, D: 10, batches: [70] });
      checkCache(twins, { format, H: 2, K: 2, D: 6, batches: [65, 4, 1] });
    });

    it(`${format}: windows, soft-caps and slopes, one by one and at once, within ${tolerance[format]}`, () => {
      const twins = begin();
      const batches = [[150, 1, 1, 7], [20, 130, 3, 40], new Array(80).fill(1)];
      for (const window of [1, 2, 63, 64, 65, 100, 1000]) {
        for (const some of batches) checkCache(twins, { format, H: 4, K: 2, D: 10, batches: some, window });
      }
      for (const some of batches) {
        checkCache(twins, { format, H: 3, K: 1, D: 8, batches: some, cap: 1.5 });
        checkCache(twins, { format, H: 3, K: 3, D: 8, batches: some, slopes: true });
        checkCache(twins, { format, H: 4, K: 2, D: 8, batches: some, slopes: true, cap: 2, window: 37 });
      }
    });

    it(`${format}: contexts of several pages, within ${tolerance[format]}`, () => {
      const twins = begin();
      checkCache(twins, { format, H: 4, K: 2, D: 24, batches: [190, 1, 9] });
      checkCache(twins, { format, H: 2, K: 2, D: 6, batches: [64, 64, 1, 63, 2] });
      checkCache(twins, { format, H: 1, K: 1, D: 264, batches: [100, 30, 1] });
    });
  }

  it("codes, scales and numbers are the reference's, exactly, and nothing else is written", () => {
    const twins = begin();
    const [K, D, N] = [3, 10, 4];
    for (const format of ["int8", "f32"] as const) {
      for (const position of [0, 1, 62, 63, 64]) {
        const x = twins.noise(2 * N * K * D);
        const pages: number[][] = [];
        twins.run((b, at) => {
          const cache = createCache(b, position + N, K, D, format);
          b.kvAppend(cache.layer, at(x), at(x) + 4 * K * D, N, position, K, D, 2 * K * D);
          pages.push(cache.addresses.flatMap((page) => [...b.u8(page, 2 * cache.bytes + 80)]));
          cache.free();
        });
        expect(pages[0], `${format} at ${position}`).toEqual(pages[1]);
        twins.release();
      }
    }
  });
}
