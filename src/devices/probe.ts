// Measures a device in about two seconds, through the Backend interface alone, so the same code runs in Node and in a
// browser. It measures kernels on memory-sized operands, not whole models; `handheld bench` does that.
import { HandheldError } from "../errors.ts";
import { type Backend, type BackendOptions, createBackend, defaultThreads, detectThreads } from "../kernels/index.ts";
import { matrixBytes } from "../spec/arithmetic.ts";
import { machineFacts } from "./machine.ts";
import type { DeviceProfile, ThreadSpeed } from "./profile.ts";

/** Options of {@link probeDevice}. */
export interface ProbeOptions {
  /** Most threads to measure. Default: what the backend would use. */
  threads?: number | undefined;
  /** Bytes read per pass. Default: 256 MiB, less where memory is short. More than the caches hold, or it reads too fast. */
  workingSetBytes?: number | undefined;
  /** Seconds after which no further number of threads is started. Default 2. */
  budgetSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called before each number of threads is measured. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Makes the backend that is measured. Default: createBackend of ../kernels. */
  createBackend?: ((options: BackendOptions) => Promise<Backend>) | undefined;
}

// One operand of the matrix-vector product has this many columns: a PhoneLM-1.5B row, and a multiple of every tile.
const columns = 2048;
// The matrix-matrix product: 64 tokens on a matrix that fits in a second-level cache (2.25 MiB of 4-bit weights).
const matmulTokens = 64;
const matmulRows = 2048;
const passSeconds = 0.08;
// Kernels without SIMD are bound by arithmetic, a hundred times slower: caches do not matter, time does.
const plainWorkingSet = 2 ** 20;

/**
 * Measures this device.
 *
 * Each number of threads gets its own backend and memory: reading (a sum of squares over f32), an int4 matrix times one
 * vector (both on `workingSetBytes`), and an int4 matrix times 64 vectors (in cache). Each is repeated for 80 ms and the
 * fastest pass counts, as in STREAM. All threads come first, then 1, then what lies between while time is left.
 * @throws HandheldError `aborted`, or what createBackend throws.
 * @example
 * ```ts
 * const profile = await probeDevice();
 * profile.speeds.at(-1)?.readGBps; // 38.1
 * ```
 */
export async function probeDevice(options: ProbeOptions = {}): Promise<DeviceProfile> {
  const facts = await machineFacts();
  const available = detectThreads() ? facts.cores : 1;
  let workingSetBytes = options.workingSetBytes;
  const plan = threadPlan(Math.min(options.threads ?? defaultThreads(), available));
  const deadline = performance.now() + (options.budgetSeconds ?? 2) * 1000;
  const create = options.createBackend ?? createBackend;
  const speeds: ThreadSpeed[] = [];
  let measured: Pick<Backend, "name" | "simd"> | null = null;
  for (const [i, threads] of plan.entries()) {
    if (i > 1 && performance.now() > deadline) break;
    options.onProgress?.(i, plan.length);
    const backend = await create({ threads });
    try {
      workingSetBytes ??= defaultWorkingSet(backend, facts.memoryBytes);
      speeds.push(measureSpeeds(backend, workingSetBytes, options.signal));
      measured ??= backend;
    } finally {
      await backend.close();
    }
  }
  return {
    version: 1,
    date: new Date().toISOString(),
    ...facts,
    backend: measured!.name,
    simd: measured!.simd,
    threads: available,
    workingSetBytes: workingSetBytes!,
    speeds: ascending(speeds),
  };
}

/** Numbers of threads in the order they are measured: all, one, then the powers of two between them. */
export function threadPlan(most: number): number[] {
  const between: number[] = [];
  for (let threads = 2; threads < most; threads *= 2) between.push(threads);
  return most > 1 ? [most, 1, ...between] : [1];
}

/** Speeds of a backend that exists. Its memory for the measurement is given back. Blocks for about 0.3 s. */
export function measureSpeeds(backend: Backend, workingSetBytes: number, signal?: AbortSignal): ThreadSpeed {
  const vector = createMatmul(backend, Math.floor(workingSetBytes / matrixBytes(8, columns, "int4")) * 8, 1);
  const floats = Math.floor(vector.weightBytes / 4);
  const sum = backend.alloc(4);
  const readSeconds = fastest(backend, signal, () => backend.sumSquares(sum, vector.weights, floats));
  const vectorSeconds = fastest(backend, signal, vector.run);
  vector.free();
  backend.free(sum);
  const matrix = createMatmul(backend, backend.simd === "none" ? 64 : matmulRows, matmulTokens);
  const matrixSeconds = fastest(backend, signal, matrix.run);
  matrix.free();
  return {
    threads: backend.threads,
    readGBps: (floats * 4) / readSeconds / 1e9,
    matvecGBps: vector.weightBytes / vectorSeconds / 1e9,
    matvecGmacps: vector.macs / vectorSeconds / 1e9,
    matmulGmacps: matrix.macs / matrixSeconds / 1e9,
  };
}

// out [tokens, rows] = x [tokens, columns] · wᵀ. Zeros are a valid packed matrix (all scales 0) and valid floats. They are
// written: pages that nothing was written to are all one page of zeros, which is read from a cache.
function createMatmul(backend: Backend, rows: number, tokens: number) {
  const weightBytes = matrixBytes(rows, columns, "int4");
  const weights = backend.alloc(weightBytes);
  backend.u8(weights, weightBytes).fill(0);
  const input = backend.alloc(tokens * columns * 4);
  const packed = backend.alloc(backend.activationBytes(tokens, columns));
  const out = backend.alloc(tokens * rows * 4);
  backend.quantizeRows(packed, input, tokens, columns);
  return {
    weights,
    weightBytes,
    macs: rows * columns * tokens,
    run: () => backend.matmulInt4(out, packed, weights, tokens, rows, columns, rows, false),
    free: () => {
      for (const ptr of [weights, input, packed, out]) backend.free(ptr);
    },
  };
}

/** Seconds of the fastest of at least two passes; a pass before them warms up. */
function fastest(backend: Backend, signal: AbortSignal | undefined, queue: () => void): number {
  if (signal?.aborted) throw new HandheldError("aborted", "stopped while measuring the device");
  const pass = () => {
    const started = performance.now();
    queue();
    backend.flush();
    return (performance.now() - started) / 1000;
  };
  pass();
  let best = Infinity;
  const end = performance.now() + passSeconds * 1000;
  for (let passes = 0; passes < 2 || performance.now() < end; passes++) best = Math.min(best, pass());
  return Math.max(best, 1e-9);
}

/** Bytes to read per pass: 256 MiB, at most a sixteenth of the machine's memory; little without SIMD. */
export function defaultWorkingSet(backend: Backend, memoryBytes: number | null): number {
  if (backend.simd === "none") return plainWorkingSet;
  return Math.min(256 * 2 ** 20, Math.floor((memoryBytes ?? 2 ** 31) / 16));
}

function ascending(speeds: ThreadSpeed[]): [ThreadSpeed, ...ThreadSpeed[]] {
  return speeds.sort((a, b) => a.threads - b.threads) as [ThreadSpeed, ...ThreadSpeed[]];
}
