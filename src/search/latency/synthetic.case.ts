// A device whose times follow known formulas, for tests: what a calibration of it would find, and what its models take.
import { matrixBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { plainFactors } from "./factors.ts";
import { pointsOf } from "./grid.ts";
import type { LatencyProfile } from "./latency-profile.ts";
import { type OperationSink, type Part, planForward, type RowKind, rowKinds } from "./plan.ts";
import { meanAttended } from "./times.ts";

/** Microseconds of each operation on two threads: 2 µs to begin, then a constant per unit of work. */
export const formulas = {
  matmulCached: (N: number, M: number, K: number) => 2 + (N * M * K) / 90_000,
  matmulStreamed: (N: number, M: number, K: number) => 2 + (N * M * K) / 90_000 + matrixBytes(M, K, "int4") / 30_000,
  attention: (N: number, S: number, K: number, group: number, D: number) => 3 + (N * S * K * group * D) / 20_000,
  rows: (kind: RowKind, N: number, width: number) => 1.5 + (N * width * (1 + rowKinds.indexOf(kind))) / 20_000,
  step: 5,
};

const grid = (axes: number[][], value: (...point: number[]) => number) => ({
  axes,
  values: pointsOf(axes).map((point) => value(...point)),
});

/** The device's profile. Weights are streamed whatever their bytes. */
export function syntheticProfile(): LatencyProfile {
  const shapes = [
    [1, 4, 16, 64, 256],
    [128, 512, 2048, 8192, 32768],
    [128, 512, 2048, 8192],
  ];
  const heads = [
    [1, 16, 256],
    [1, 256, 2048],
    [1, 16],
    [1, 8],
    [32, 256],
  ];
  return {
    format: "handheld-latency-profile",
    version: 1,
    date: "2026-11-26T12:00:00.000Z",
    device: {
      platform: "synthetic",
      arch: "none",
      cpuModel: null,
      cores: 2,
      memoryBytes: 2 ** 33,
      runtime: { name: "none", version: "0" },
    },
    engine: { backend: "synthetic", simd: "relaxed", threads: 2, serialWork: 0 },
    threaded: {
      matmulCached: grid(shapes, formulas.matmulCached),
      matmulStreamed: grid(shapes, formulas.matmulStreamed),
      attention: grid(heads, formulas.attention),
      rows: Object.fromEntries(
        rowKinds.map((kind) => [
          kind,
          grid(
            [
              [1, 256],
              [64, 65536],
            ],
            (N, width) => formulas.rows(kind, N!, width!),
          ),
        ]),
      ) as LatencyProfile["threaded"]["rows"],
      step: formulas.step,
    },
    serial: null,
    residency: [{ matrixBytes: 1, bytes: [1], share: [1] }],
    repeats: [{ matrixBytes: 1, bytes: [1], share: [1] }],
    factors: { prefill: plainFactors, decode: plainFactors },
    deviation: { prefill: 0.03, decode: 0.02 },
    quality: {
      steady: true,
      bound: 0.1,
      anchors: [],
      retried: 0,
      points: 1,
      weightBytes: 2 ** 28,
      seconds: 1,
      checks: [],
    },
  };
}

/** Microseconds that the device takes for a forward pass. */
export function syntheticPass(spec: Spec, tokens: number, position: number): number {
  let total = formulas.step;
  const sink: OperationSink = {
    matmul: (_: Part, N, M, K, times) => {
      total += times * formulas.matmulStreamed(N, Math.ceil(M / 8) * 8, Math.ceil(K / 32) * 32);
    },
    attention: (N, at, H, K, D, window, stored, times) => {
      const more = formulas.rows("kvAppend", stored, K * D) - formulas.rows("kvAppend", N, K * D);
      total += times * (more + formulas.attention(N, meanAttended(N, at, window), K, H / K, D));
    },
    rows: (kind, N, width, times) => {
      total += times * formulas.rows(kind, N, width);
    },
  };
  planForward(spec, tokens, position, sink);
  return total;
}
