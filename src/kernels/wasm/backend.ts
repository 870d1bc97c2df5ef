// The WebAssembly backend: memory, threads and views. The operations are queued by ./commands.ts and run by ./assembly.
import { HandheldError } from "../../errors.ts";
import { type Backend, type KvFormat, type OperatorTimes, operators, type Ptr, type SimdLevel } from "../backend.ts";
import { Heap } from "../heap.ts";
import {
  COMMAND_BYTES,
  CONSTANTS,
  CONTROL,
  HEAP,
  NO_DOT_PRODUCT,
  OPERATORS,
  PROFILE,
  PROFILING,
  QUEUE,
  QUEUE_COMMANDS,
  SCRATCH_BYTES,
  WIDE_INT4,
  WIDE_VECTORS,
} from "./assembly/op.ts";
import { CommandQueue } from "./commands.ts";
import { kernelImports } from "./imports.ts";
import { activationBytes, kvBytes, sampleBytes } from "./layout.ts";
import { spawnWorkers, type Workers } from "./workers.ts";

const pageBytes = 65536;
const maxPages = 65536;
const stopWord = CONTROL + 320;
const sequenceWord = CONTROL;

// Default of the option: lists of less work than this run on the caller's thread alone: under 0.1 ms, what the barriers of a decode step cost.
// A tiny model decodes as fast, and far faster where the other core is busy (8,600 against 180 tok/s on a loaded machine).
const defaultSerialWork = 4e6;

/** The functions that the compiled kernels export. */
export interface KernelExports {
  configure(index: number, count: number, scratch: number): void;
  chooseTiles(): void;
  dispatch(count: number): void;
  dispatchSerial(count: number): void;
  work(): void;
}

/** What {@link WasmBackend.create} needs; `createBackend` in ../index.ts fills it in by feature detection. */
export interface WasmBackendOptions {
  module: WebAssembly.Module;
  simd: SimdLevel;
  threads: number;
  /** Shared memory; needed for more than one thread. */
  shared: boolean;
  /** False: do not use an int8 dot product instruction. Default: where the machine has one. */
  dotProduct?: boolean | undefined;
  /** Whether to use the tiles for vectors of 256 bits; `choose`: where they are faster. Default false. */
  wideTiles?: boolean | "choose" | undefined;
  /** Work, in int4 multiply-adds, below which a list of commands runs on the caller's thread alone. Default 4e6. */
  serialWork?: number | undefined;
}

/** Runs every operation on `threads` threads over one WebAssembly memory. */
export class WasmBackend extends CommandQueue implements Backend {
  readonly name: string;
  readonly simd: SimdLevel;
  readonly threads: number;
  readonly serialWork: number;
  protected words: Int32Array;
  protected floats: Float32Array;
  private readonly memory: WebAssembly.Memory;
  private readonly kernels: KernelExports;
  private readonly heap: Heap;
  private workers: Workers | null = null;
  private failure: HandheldError | null = null;
  /** No address from here on was ever handed out. */
  private usedEnd = 0;

  private constructor(options: WasmBackendOptions, memory: WebAssembly.Memory) {
    super();
    this.memory = memory;
    this.simd = options.simd;
    this.threads = options.threads;
    this.serialWork = options.serialWork ?? defaultSerialWork;
    this.name = `wasm-${options.simd}${options.shared ? "" : "-single"}`;
    const heapStart = HEAP + options.threads * SCRATCH_BYTES;
    this.heap = new Heap(heapStart, (end) => this.grow(end));
    this.grow(heapStart);
    this.words = new Int32Array(memory.buffer, QUEUE, (COMMAND_BYTES / 4) * QUEUE_COMMANDS);
    this.floats = new Float32Array(memory.buffer, QUEUE, this.words.length);
    writeConstants(memory.buffer);
    new Int32Array(memory.buffer, NO_DOT_PRODUCT, 1)[0] = options.dotProduct === false ? 1 : 0;
    const instance = new WebAssembly.Instance(options.module, kernelImports(memory));
    this.kernels = instance.exports as unknown as KernelExports;
    this.kernels.configure(0, options.threads, HEAP);
    if (options.wideTiles === "choose") this.kernels.chooseTiles();
    else
      for (const word of [WIDE_VECTORS, WIDE_INT4])
        new Int32Array(memory.buffer, word, 1)[0] = options.wideTiles ? 1 : 0;
  }

  /** Instantiates the kernels and starts the worker threads. */
  static async create(options: WasmBackendOptions): Promise<WasmBackend> {
    const backend = new WasmBackend(options, createMemory(options.shared));
    if (options.threads > 1) {
      backend.workers = await spawnWorkers(options.module, backend.memory, options.threads, (error) => {
        backend.failure = new HandheldError("kernel", `a worker thread failed: ${error.message}`, { cause: error });
      });
    }
    return backend;
  }

  get allocatedBytes(): number {
    return this.heap.allocatedBytes;
  }

  alloc(bytes: number): Ptr {
    this.flush();
    const ptr = this.heap.alloc(bytes);
    // What was never handed out is zero, and not in the machine's memory until something is written to it.
    const used = Math.min(ptr + bytes, this.usedEnd);
    if (used > ptr) new Uint8Array(this.memory.buffer, ptr, used - ptr).fill(0);
    this.usedEnd = Math.max(this.usedEnd, ptr + Math.ceil(bytes / 64) * 64);
    return ptr;
  }

  free(ptr: Ptr): void {
    this.flush();
    this.heap.free(ptr);
  }

  u8(ptr: Ptr, length: number): Uint8Array {
    this.flush();
    return new Uint8Array(this.memory.buffer, ptr, length);
  }

  i32(ptr: Ptr, length: number): Int32Array {
    this.flush();
    return new Int32Array(this.memory.buffer, ptr, length);
  }

  f32(ptr: Ptr, length: number): Float32Array {
    this.flush();
    return new Float32Array(this.memory.buffer, ptr, length);
  }

  flush(): void {
    if (this.queued === 0) return;
    if (this.failure) throw this.failure;
    const { queued: count, work } = this;
    this.queued = 0;
    this.work = 0;
    try {
      if (work < this.serialWork) this.kernels.dispatchSerial(count);
      else this.kernels.dispatch(count);
    } catch (cause) {
      this.failure = new HandheldError("kernel", `an operation trapped: ${(cause as Error).message}`, { cause });
      throw this.failure;
    }
  }

  startProfile(): void {
    this.flush();
    new Float64Array(this.memory.buffer, PROFILE, this.threads * OPERATORS * 2).fill(0);
    new Int32Array(this.memory.buffer, PROFILING, 1)[0] = 1;
  }

  stopProfile(): OperatorTimes {
    this.flush();
    new Int32Array(this.memory.buffer, PROFILING, 1)[0] = 0;
    const times = new Float64Array(this.memory.buffer, PROFILE, this.threads * OPERATORS * 2);
    const sum = (at: number) => {
      let total = 0;
      for (let i = at; i < times.length; i += OPERATORS * 2) total += times[i]!;
      return total;
    };
    const entries = operators.map((name, i) => [name, { busy: sum(2 * i), waiting: sum(2 * i + 1) }]);
    return Object.fromEntries(entries) as OperatorTimes;
  }

  activationBytes(N: number, K: number): number {
    return activationBytes(N, K, this.simd);
  }

  kvBytes(K: number, D: number, format: KvFormat): number {
    return kvBytes(K, D, format);
  }

  sampleBytes(n: number): number {
    return sampleBytes(n);
  }

  async close(): Promise<void> {
    this.failure ??= new HandheldError("kernel", "the backend is closed");
    if (this.workers) {
      const control = new Int32Array(this.memory.buffer);
      Atomics.store(control, stopWord / 4, 1);
      Atomics.add(control, sequenceWord / 4, 1);
      Atomics.notify(control, sequenceWord / 4);
      await this.workers.close();
      this.workers = null;
    }
  }

  private grow(end: number): void {
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      const wanted = (end / 2 ** 20).toFixed(0);
      throw new HandheldError(
        "out-of-memory",
        `cannot grow the kernels' memory to ${wanted} MB; use a smaller model, context or batch`,
        { cause },
      );
    }
    if (this.words) {
      const length = (COMMAND_BYTES / 4) * QUEUE_COMMANDS;
      this.words = new Int32Array(this.memory.buffer, QUEUE, length);
      this.floats = new Float32Array(this.memory.buffer, QUEUE, length);
    }
  }
}

// A 4 GiB reservation may be refused where address space is short (phones): smaller maxima are tried in turn.
function createMemory(shared: boolean): WebAssembly.Memory {
  for (let maximum = maxPages; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch (cause) {
      if (maximum <= 1024) throw new HandheldError("out-of-memory", "cannot reserve 64 MB for the kernels", { cause });
    }
  }
}

// The vectors that kernels load instead of building: sixteen 15s, eight int16 ones, sixteen 8s, eight int16 15s.
function writeConstants(buffer: ArrayBufferLike): void {
  new Uint8Array(buffer, CONSTANTS, 16).fill(15);
  new Int16Array(buffer, CONSTANTS + 16, 8).fill(1);
  new Uint8Array(buffer, CONSTANTS + 32, 16).fill(8);
  new Int16Array(buffer, CONSTANTS + 48, 8).fill(15);
}
