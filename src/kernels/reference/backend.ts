// The reference backend: every operation in plain TypeScript, run at once, on one thread. Slow and clear: the oracle
// that the contract tests hold the other backends to, and what runs where there is no WebAssembly SIMD.
import { type Backend, type KvFormat, type Operator, type OperatorTimes, operators, type Ptr } from "../backend.ts";
import { Heap } from "../heap.ts";
import { kvBytes, sampleBytes } from "../wasm/layout.ts";
import { fakeQuantizeOps } from "./fake-quantize.ts";
import { inferenceOps } from "./inference.ts";
import { packingOps } from "./packing.ts";
import { rowOps } from "./rows.ts";
import { samplingOps } from "./sampling.ts";
import { trainingOps } from "./training.ts";

/** The reference's memory: typed views over one growing buffer. Indices of f32 and i32 are addresses divided by 4. */
export class Memory {
  private readonly buffer = new ArrayBuffer(1 << 16, { maxByteLength: 2 ** 32 - 65536 });
  readonly u8 = new Uint8Array(this.buffer);
  readonly i8 = new Int8Array(this.buffer);
  readonly u16 = new Uint16Array(this.buffer);
  readonly i32 = new Int32Array(this.buffer);
  readonly f32 = new Float32Array(this.buffer);
  readonly heap = new Heap(64, (end) => {
    if (end > this.buffer.byteLength)
      this.buffer.resize(Math.ceil(Math.max(end, this.buffer.byteLength * 1.5) / 65536) * 65536);
  });
  view<T>(View: new (buffer: ArrayBuffer, at: number, length: number) => T, ptr: Ptr, length: number): T {
    return new View(this.buffer, ptr, length);
  }
}

/** Creates the reference backend. */
export function createReferenceBackend(): Backend {
  const memory = new Memory();
  return {
    name: "reference",
    simd: "none",
    threads: 1,
    serialWork: 0,
    alloc(bytes) {
      const ptr = memory.heap.alloc(bytes);
      memory.u8.fill(0, ptr, ptr + bytes);
      return ptr;
    },
    free: (ptr) => memory.heap.free(ptr),
    get allocatedBytes() {
      return memory.heap.allocatedBytes;
    },
    u8: (ptr, length) => memory.view(Uint8Array, ptr, length),
    i32: (ptr, length) => memory.view(Int32Array, ptr, length),
    f32: (ptr, length) => memory.view(Float32Array, ptr, length),
    flush() {},
    ...stopwatch(),
    async close() {},
    activationBytes: (N: number, K: number) => N * (K + 4),
    kvBytes: (K: number, D: number, format: KvFormat) => kvBytes(K, D, format),
    sampleBytes,
    ...rowOps(memory),
    ...trainingOps(memory),
    ...fakeQuantizeOps(memory),
    ...inferenceOps(memory),
    ...samplingOps(memory),
    ...packingOps(memory),
  };
}

// Operations run when they are called, so an operator's time is that from its mark to the next.
function stopwatch(): Pick<Backend, "mark" | "startProfile" | "stopProfile"> {
  let operator: Operator = "other";
  let times = emptyTimes();
  let last = performance.now();
  const book = () => {
    const now = performance.now();
    times[operator].busy += now - last;
    last = now;
  };
  return {
    mark(next) {
      book();
      operator = next;
    },
    startProfile() {
      times = emptyTimes();
      last = performance.now();
    },
    stopProfile() {
      book();
      return times;
    },
  };
}

function emptyTimes(): OperatorTimes {
  return Object.fromEntries(operators.map((name) => [name, { busy: 0, waiting: 0 }])) as OperatorTimes;
}
