// Speed of the training kernels: matrix products by shape and layout, attention, elementwise operations, and one whole
// step of a small model made of kernel calls alone. Run after `npm run build`:
//   node bench/training-kernels.ts [--variant relaxed|simd128] [--threads n] [--only word] [--clock wall|cpu] [--json]
// The cpu clock counts the calling thread alone and not what preempts it: for comparing kernels on a busy machine.
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Backend, createBackend, type GemmLayout, type Ptr } from "../src/kernels/index.ts";

interface Row {
  name: string;
  value: number;
  unit: "GFLOP/s" | "GB/s";
  /** Best and median time of one call over `repeats` samples. */
  bestMs: number;
  medianMs: number;
  repeats: number;
}

const { values: options } = parseArgs({
  options: {
    variant: { type: "string", default: "relaxed" },
    threads: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    repeats: { type: "string", default: "15" },
    clock: { type: "string", default: "wall" },
    json: { type: "boolean", default: false },
  },
});

const threads = Number(options.threads);
const simd = options.variant === "simd128" ? "simd128" : "relaxed";
const backend = await createBackend({ simd, threads, unshared: threads === 1 });
const rows: Row[] = [];

/** Milliseconds. */
function now(): number {
  if (options.clock !== "cpu") return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Times `queue` (which queues one call), in samples of at least 5 ms; `amount` is the FLOPs or bytes of a call. */
function measure(name: string, unit: Row["unit"], amount: number, queue: () => void): void {
  if (!name.includes(options.only)) return;
  const time = (calls: number) => {
    const start = now();
    for (let i = 0; i < calls; i++) queue();
    backend.flush();
    return (now() - start) / calls;
  };
  time(1);
  const calls = Math.max(1, Math.ceil(5 / time(2)));
  const repeats = Number(options.repeats);
  const times = Array.from({ length: repeats }, () => time(calls)).sort((a, b) => a - b);
  const bestMs = times[0]!;
  rows.push({ name, value: amount / bestMs / 1e6, unit, bestMs, medianMs: times[repeats >> 1]!, repeats });
}

function noise(n: number): Ptr {
  const ptr = backend.alloc(4 * n);
  const view = backend.f32(ptr, n);
  for (let i = 0; i < n; i++) view[i] = Math.random() * 2 - 1;
  return ptr;
}

/** Lets `body` allocate, and frees everything after it. */
function withBuffers(body: (make: (n: number) => Ptr) => void): void {
  const made: Ptr[] = [];
  body((n) => {
    made.push(noise(n));
    return made.at(-1)!;
  });
  backend.flush();
  for (const ptr of made) backend.free(ptr);
}

function products(): void {
  const shapes: [GemmLayout, number, number, number][] = [
    ["nt", 2000, 576, 192],
    ["nn", 2000, 192, 576],
    ["tn", 576, 192, 2000],
    ["nt", 2000, 1000, 192],
    ["tn", 1000, 192, 2000],
    ["nt", 2000, 128, 128],
    ["tn", 128, 128, 2000],
    ["nt", 500, 384, 128],
    ["tn", 384, 128, 500],
    ["nn", 768, 768, 768],
  ];
  for (const [layout, M, N, K] of shapes) {
    withBuffers((make) => {
      const [a, b, c] = [make(M * K), make(N * K), make(M * N)];
      const lda = layout === "tn" ? M : K;
      const ldb = layout === "nt" ? K : N;
      measure(`gemm ${layout} ${M}×${N}×${K}`, "GFLOP/s", 2 * M * N * K, () =>
        backend.gemm(layout, c, a, b, M, N, K, lda, ldb, N, false),
      );
    });
  }
}

/** Products and softmax of the causal half are counted; the backward recomputes the scores, so it counts 5 products to 2. */
function attentions(): void {
  const shapes = [
    { segments: 50, length: 40, H: 6, K: 2, D: 32 },
    { segments: 20, length: 100, H: 6, K: 6, D: 32 },
    { segments: 50, length: 40, H: 4, K: 2, D: 48 },
    { segments: 1, length: 2048, H: 4, K: 2, D: 64 },
  ];
  for (const { segments, length, H, K, D } of shapes) {
    withBuffers((make) => {
      const N = segments * length;
      const stride = (H + 2 * K) * D;
      const [qkv, gradient, dOut, out, lse] = [
        make(N * stride),
        make(N * stride),
        make(N * H * D),
        make(N * H * D),
        make(N * H),
      ] as const;
      const cu = make(segments + 1);
      backend.i32(cu, segments + 1).set(Array.from({ length: segments + 1 }, (_, s) => s * length));
      const product = segments * H * length * (length + 1) * D;
      const k = 4 * H * D;
      const v = k + 4 * K * D;
      const shape = [cu, segments, N, H, K, D, stride] as const;
      const label = `${segments}×${length} tokens, ${H}/${K} heads of ${D}`;
      measure(`attention ${label}`, "GFLOP/s", 2 * product, () =>
        backend.attention(out, lse, qkv, qkv + k, qkv + v, ...shape),
      );
      measure(`attention backward ${label}`, "GFLOP/s", 5 * product, () =>
        backend.attentionBackward(
          gradient,
          gradient + k,
          gradient + v,
          dOut,
          out,
          lse,
          qkv,
          qkv + k,
          qkv + v,
          ...shape,
        ),
      );
    });
  }
}

function elementwise(): void {
  const [N, C, F, V] = [2000, 192, 576, 1000];
  withBuffers((make) => {
    const [x, y, w, stats] = [make(N * F * 2), make(N * F * 2), make(F), make(2 * N)];
    const [d, z] = [make(N * F), make(N * V)];
    const targets = make(N);
    backend.i32(targets, N).fill(1);
    backend.f32(stats, 2 * N).fill(1);
    const bytes = (name: string, floats: number, queue: () => void) => measure(name, "GB/s", 4 * floats, queue);
    bytes(`rmsNorm ${N}×${C}`, 2 * N * C, () => backend.rmsNorm(y, x, w, N, C, 1e-5, stats));
    bytes(`rmsNormBackward ${N}×${C}`, 4 * N * C, () => backend.rmsNormBackward(y, w, d, x, w, stats, N, C));
    bytes(`layerNormBackward ${N}×${C}`, 4 * N * C, () => backend.layerNormBackward(y, w, w, d, x, w, stats, N, C));
    bytes(`add ${N}×${C}`, 3 * N * C, () => backend.add(y, x, d, N * C));
    for (const act of ["relu", "silu", "gelu", "gelu_tanh"] as const) {
      bytes(`activate ${act} ${N}×${F}`, 3 * N * F, () => backend.activate(d, x, x + 4 * F, N, F, 2 * F, act));
      bytes(`activateBackward ${act} ${N}×${F}`, 5 * N * F, () =>
        backend.activateBackward(y, y + 4 * F, d, x, x + 4 * F, N, F, 2 * F, act),
      );
    }
    bytes(`dropout ${N}×${C}`, 2 * N * C, () => backend.dropout(y, x, N * C, 0.1, 7));
    bytes(`logSumExp ${N}×${V}`, N * V, () => backend.logSumExp(stats, z, N, V, true));
    bytes(`crossEntropy ${N}×${V}`, 2 * N * V, () => backend.crossEntropy(stats, z, stats, targets, w, N, V, 0, V, 0));
  });
  const n = 2_000_000;
  withBuffers((make) => {
    const [p, g, m, v] = [make(n), make(n), make(n), make(n)];
    backend.f32(v, n).fill(1);
    measure(`sumSquares ${n}`, "GB/s", 4 * n, () => backend.sumSquares(m, g, n));
    measure(`adamw ${n}`, "GB/s", 28 * n, () => backend.adamw(p, g, m, v, n, 1e-3, 0.9, 0.95, 1e-8, 0.1, 9, 1));
  });
}

interface Model {
  L: number;
  C: number;
  H: number;
  K: number;
  D: number;
  F: number;
  V: number;
  segments: number;
  length: number;
}

/** One forward and backward of a decoder and its optimiser step, as the trainer queues them. */
function step({ L, C, H, K, D, F, V, segments, length }: Model): void {
  const N = segments * length;
  const Q = (H + 2 * K) * D;
  const perLayer = Q * C + C * H * D + 3 * C * F;
  const parameters = L * perLayer + V * C;
  const b: Backend = backend;
  withBuffers((make) => {
    const [w, dw, m, v] = [make(parameters), make(parameters), make(parameters), make(parameters)];
    const [h, dh, normed, dNormed] = [make(N * C), make(N * C), make(N * C), make(N * C)];
    const [qkv, dQkv, mixed, dMixed] = [make(N * Q), make(N * Q), make(N * H * D), make(N * H * D)];
    const [gateUp, dGateUp, acted, dActed] = [make(N * 2 * F), make(N * 2 * F), make(N * F), make(N * F)];
    const [logits, stats, lse, loss, ones, table] = [
      make(N * V),
      make(2 * N),
      make(N * H),
      make(N),
      make(N),
      make(length * D),
    ];
    const [cu, positions, targets, scale] = [make(segments + 1), make(N), make(N), make(C)];
    b.i32(cu, segments + 1).set(Array.from({ length: segments + 1 }, (_, s) => s * length));
    b.i32(positions, N).set(Array.from({ length: N }, (_, i) => i % length));
    b.i32(targets, N).fill(3);
    b.f32(v, parameters).fill(1);
    const k = 4 * H * D;
    const vAt = k + 4 * K * D;
    const shape = [cu, segments, N, H, K, D, Q] as const;
    const forward = (from: Ptr) => {
      const [wo, wg, wd] = [
        from + 4 * Q * C,
        from + 4 * (Q * C + C * H * D),
        from + 4 * (Q * C + C * H * D + 2 * F * C),
      ];
      b.rmsNorm(normed, h, scale, N, C, 1e-5, stats);
      b.gemm("nt", qkv, normed, from, N, Q, C, C, C, Q, false);
      b.rope(qkv, table, positions, N, H + K, D, Q, false);
      b.attention(mixed, lse, qkv, qkv + k, qkv + vAt, ...shape);
      b.gemm("nt", h, mixed, wo, N, C, H * D, H * D, H * D, C, true);
      b.rmsNorm(normed, h, scale, N, C, 1e-5, stats);
      b.gemm("nt", gateUp, normed, wg, N, 2 * F, C, C, C, 2 * F, false);
      b.activate(acted, gateUp, gateUp + 4 * F, N, F, 2 * F, "silu");
      b.gemm("nt", h, acted, wd, N, C, F, F, F, C, true);
    };
    const backward = (at: number) => {
      const [wq, wo, wg, wd] = [0, Q * C, Q * C + C * H * D, Q * C + C * H * D + 2 * F * C].map(
        (o) => w + 4 * (at + o),
      ) as [Ptr, Ptr, Ptr, Ptr];
      const delta = dw - w;
      b.gemm("nn", dActed, dh, wd, N, F, C, C, F, F, false);
      b.gemm("tn", wd + delta, dh, acted, C, F, N, C, F, F, true);
      b.activateBackward(dGateUp, dGateUp + 4 * F, dActed, gateUp, gateUp + 4 * F, N, F, 2 * F, "silu");
      b.gemm("nn", dNormed, dGateUp, wg, N, C, 2 * F, 2 * F, C, C, false);
      b.gemm("tn", wg + delta, dGateUp, normed, 2 * F, C, N, 2 * F, C, C, true);
      b.rmsNormBackward(dh, scale, dNormed, h, scale, stats, N, C);
      b.gemm("nn", dMixed, dh, wo, N, H * D, C, C, H * D, H * D, false);
      b.gemm("tn", wo + delta, dh, mixed, C, H * D, N, C, H * D, H * D, true);
      b.attentionBackward(dQkv, dQkv + k, dQkv + vAt, dMixed, mixed, lse, qkv, qkv + k, qkv + vAt, ...shape);
      b.rope(dQkv, table, positions, N, H + K, D, Q, true);
      b.gemm("nn", dNormed, dQkv, wq, N, C, Q, Q, C, C, false);
      b.gemm("tn", wq + delta, dQkv, normed, Q, C, N, Q, C, C, true);
      b.rmsNormBackward(dh, scale, dNormed, h, scale, stats, N, C);
    };
    const head = w + 4 * L * perLayer;
    const flops = 6 * N * parameters + L * 6 * 2 * segments * H * ((length * (length + 1)) / 2) * D;
    measure(`step of ${(parameters / 1e6).toFixed(2)} M parameters, ${N} tokens`, "GFLOP/s", flops, () => {
      for (let l = 0; l < L; l++) forward(w + 4 * l * perLayer);
      b.rmsNorm(normed, h, scale, N, C, 1e-5, stats);
      b.gemm("nt", logits, normed, head, N, V, C, C, C, V, false);
      b.logSumExp(stats, logits, N, V, true);
      b.crossEntropy(loss, logits, stats, targets, ones, N, V, 0, V, 0);
      b.gemm("nn", dNormed, logits, head, N, C, V, V, C, C, false);
      b.gemm("tn", head + dw - w, logits, normed, V, C, N, V, C, C, true);
      for (let l = L - 1; l >= 0; l--) backward(l * perLayer);
      b.sumSquares(loss, dw, parameters);
      b.adamw(w, dw, m, v, parameters, 0, 0.9, 0.95, 1e-8, 0, 9, 0);
      b.fill(h, 0.1, N * C);
      b.fill(dw, 0, parameters);
    });
  });
}

products();
attentions();
elementwise();
step({ L: 6, C: 192, H: 6, K: 2, D: 32, F: 576, V: 1000, segments: 50, length: 40 });
step({ L: 4, C: 128, H: 4, K: 2, D: 32, F: 384, V: 500, segments: 12, length: 40 });
await backend.close();

const setting = {
  device: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
  node: process.version,
  commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
  backend: backend.name,
  threads: `${threads} threads`,
  clock: `${options.clock} clock`,
};
if (options.json) console.log(JSON.stringify({ ...setting, rows }));
else {
  console.log(`${Object.values(setting).join(" · ")}; speed of the best sample, higher is better`);
  for (const { name, value, unit, bestMs, medianMs, repeats } of rows) {
    const speed = `${value.toFixed(1).padStart(7)} ${unit.padEnd(7)}`;
    console.log(
      `${name.padEnd(52)} ${speed} best ${bestMs.toFixed(3)} ms, median ${medianMs.toFixed(3)} of ${repeats}`,
    );
  }
}
