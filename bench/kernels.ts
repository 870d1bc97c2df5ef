// Speed of the inference kernels by shape and backend variant: `node bench/kernels.ts [--json] [--quick] [--threads 2]`.
// Each row is the best of many repetitions (other work on the machine only ever adds time) with the median beside it.
// Left out: quantising activations, norms, RoPE and the sampler. Weights are random, spread over more memory than caches
// hold for the rows marked "memory".
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { type Backend, createBackend, type KvFormat, type KvLayer, kvPageTokens } from "../src/kernels/index.ts";
import { int4Bytes } from "../src/quant/int4.ts";
import { int8Bytes, int8Layout } from "../src/quant/int8.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean" }, quick: { type: "boolean" }, threads: { type: "string" } },
});
const milliseconds = options.quick ? 100 : 500;

/** One measurement. Times are per operation. */
interface Row {
  operation: string;
  shape: string;
  threads: number;
  bestUs: number;
  medianUs: number;
  repeats: number;
  /** Weights or cache read per second. */
  GBps: number;
  GMACps: number;
}

/** Repeats `run` (which queues `operations` operations) until time is up; microseconds of one operation. */
function time(backend: Backend, operations: number, run: () => void) {
  run();
  backend.flush();
  const times: number[] = [];
  for (const start = performance.now(); performance.now() - start < milliseconds || times.length < 3; ) {
    const before = performance.now();
    run();
    backend.flush();
    times.push(((performance.now() - before) * 1000) / operations);
  }
  times.sort((a, b) => a - b);
  return { bestUs: times[0]!, medianUs: times[times.length >> 1]!, repeats: times.length };
}

function noise(backend: Backend, length: number): number {
  const ptr = backend.alloc(4 * length);
  backend.f32(ptr, length).forEach((_, i, all) => {
    all[i] = Math.sin(i * 0.7) * Math.cos(i * 0.01);
  });
  return ptr;
}

type Format = "int4" | "int8";

/** Packed weights with scales near 0.01: very small scales would make denormal numbers, which are slow. */
function weights(backend: Backend, M: number, K: number, format: Format): number {
  const bytes = format === "int4" ? int4Bytes(M, K) : int8Bytes(M, K);
  const ptr = backend.alloc(bytes);
  const view = backend.u8(ptr, bytes);
  if (format === "int4") {
    for (let i = 0; i < bytes; i++) view[i] = i % 144 < 16 ? (i & 1 ? 0x3c : 0x23) : i * 37;
    return ptr;
  }
  for (let i = 0; i < bytes; i++) view[i] = (i * 37) | 1;
  const { panelRows } = int8Layout;
  for (let row = 0; row < M; row += panelRows) backend.f32(ptr + int8Bytes(row, K), panelRows).fill(0.01);
  return ptr;
}

function matmul(
  backend: Backend,
  N: number,
  M: number,
  K: number,
  where: "memory" | "cache",
  format: Format = "int4",
): Row {
  const bytes = format === "int4" ? int4Bytes(M, K) : int8Bytes(M, K);
  const copies = where === "memory" ? Math.ceil(256e6 / bytes) : 1;
  const repeats = Math.max(1, Math.round(1e6 / (N * M * K)));
  const matrices = Array.from({ length: copies }, () => weights(backend, M, K, format));
  const x = noise(backend, N * K);
  const activations = backend.alloc(backend.activationBytes(N, K));
  const out = backend.alloc(4 * N * M);
  backend.quantizeRows(activations, x, N, K);
  const spent = time(backend, copies * repeats, () => {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const w of matrices) {
        if (format === "int4") backend.matmulInt4(out, activations, w, N, M, K, M, false);
        else backend.matmulInt8(out, activations, w, N, M, K, M, false);
      }
    }
  });
  for (const ptr of [...matrices, x, activations, out]) backend.free(ptr);
  const shape = `${N} × [${M}, ${K}], ${where}`;
  return row(backend, `${N === 1 ? "matvec" : "matmul"} ${format}`, shape, spent, bytes, N * M * K);
}

interface Heads {
  N: number;
  /** Tokens in the cache, the new ones included. */
  S: number;
  H: number;
  K: number;
  D: number;
}

function attention(backend: Backend, { N, S, H, K, D }: Heads, format: KvFormat): Row {
  const bytesOfPage = backend.kvBytes(K, D, format);
  const addresses = Array.from({ length: Math.ceil(S / kvPageTokens) }, () => backend.alloc(2 * bytesOfPage));
  const pages = backend.alloc(4 * addresses.length);
  backend.i32(pages, addresses.length).set(addresses);
  const cache: KvLayer = { pages, keys: 0, values: bytesOfPage, format };
  const x = noise(backend, S * K * D);
  backend.kvAppend(cache, x, x, S, 0, K, D, K * D);
  const q = noise(backend, N * H * D);
  const out = backend.alloc(4 * N * H * D);
  const spent = time(backend, 1, () => backend.attentionCached(out, q, cache, N, S - N, H, K, D, H * D));
  for (const ptr of [...addresses, pages, x, q, out]) backend.free(ptr);
  const pairs = N * (S - N) + (N * (N + 1)) / 2;
  const shape = `${N} new of ${S}, heads ${H}/${K} × ${D}, ${format}`;
  const bytes = 2 * K * S * (format === "f32" ? 4 * D : D + 4);
  return row(backend, "attention", shape, spent, bytes, 2 * pairs * H * D);
}

function row(
  { threads }: Backend,
  operation: string,
  shape: string,
  spent: Pick<Row, "bestUs" | "medianUs" | "repeats">,
  bytes: number,
  products: number,
): Row {
  const [GBps, GMACps] = [bytes, products].map((n) => n / spent.bestUs / 1000);
  return { operation, shape, threads, ...spent, GBps: GBps!, GMACps: GMACps! };
}

function* measure(backend: Backend): Generator<Row> {
  // PhoneLM-0.5B: width 1024, FFN 4864; then a 2 M-parameter model of width 192.
  for (const [M, K] of [
    [1024, 1024],
    [4864, 1024],
    [1024, 4864],
  ] as const) {
    yield matmul(backend, 1, M, K, "memory");
    yield matmul(backend, 64, M, K, "cache");
    yield matmul(backend, 1, M, K, "memory", "int8");
    yield matmul(backend, 64, M, K, "cache", "int8");
    if (K === 4864) yield matmul(backend, 256, M, K, "cache");
  }
  for (const [M, K] of [
    [192, 192],
    [512, 192],
    [192, 512],
  ] as const) {
    yield matmul(backend, 1, M, K, "cache");
    yield matmul(backend, 4, M, K, "cache");
    yield matmul(backend, 32, M, K, "cache");
  }
  for (const format of ["int8", "f32"] as const) {
    yield attention(backend, { N: 1, S: 64, H: 16, K: 16, D: 64 }, format);
    yield attention(backend, { N: 1, S: 1024, H: 16, K: 16, D: 64 }, format);
    yield attention(backend, { N: 1, S: 1024, H: 16, K: 4, D: 64 }, format);
    yield attention(backend, { N: 256, S: 256, H: 16, K: 16, D: 64 }, format);
    yield attention(backend, { N: 256, S: 1024, H: 16, K: 4, D: 64 }, format);
  }
}

const rows: (Row & { variant: string })[] = [];
if (!options.json) {
  console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Node ${process.version}`);
  console.log(
    "variant × threads   operation    shape                                     best µs  median µs     GB/s   GMAC/s",
  );
}
const variants = [
  { variant: "relaxed", simd: "relaxed" },
  { variant: "relaxed, no dot", simd: "relaxed", dotProduct: false },
  { variant: "simd128", simd: "simd128" },
] as const;
for (const { variant, ...choice } of variants) {
  for (const threads of options.threads ? [Number(options.threads)] : [1, 2]) {
    const backend = await createBackend({ ...choice, threads });
    for (const measured of measure(backend)) {
      const result = { variant, ...measured };
      rows.push(result);
      if (!options.json) print(result);
    }
    await backend.close();
  }
}
if (options.json) console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, rows }));

function print({ variant, threads, operation, shape, bestUs, medianUs, GBps, GMACps }: (typeof rows)[number]): void {
  const numbers = [bestUs, medianUs, GBps, GMACps].map((value, i) => value.toFixed(1).padStart(i < 2 ? 10 : 8));
  console.log(`${`${variant} × ${threads}`.padEnd(20)}${operation.padEnd(13)}${shape.padEnd(39)}${numbers.join(" ")}`);
}
