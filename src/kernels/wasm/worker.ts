// A worker thread of the WebAssembly backend: instantiates the kernels over the shared memory and runs them until closed.
// The same file runs as a Node worker and as a Web Worker.
import type { KernelExports } from "./backend.ts";
import { kernelImports } from "./imports.ts";

interface Start {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  index: number;
  threads: number;
  scratch: number;
}

function start({ module, memory, index, threads, scratch }: Start, ready: () => void): void {
  const instance = new WebAssembly.Instance(module, kernelImports(memory));
  const kernels = instance.exports as unknown as KernelExports;
  kernels.configure(index, threads, scratch);
  ready();
  kernels.work();
}

if (typeof (globalThis as { WorkerGlobalScope?: unknown }).WorkerGlobalScope === "undefined") {
  const { parentPort, workerData } = await import("node:worker_threads");
  start(workerData as Start, () => parentPort?.postMessage("ready"));
} else {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Start>) => void;
    postMessage(m: string): void;
  };
  scope.onmessage = (event) => {
    start(event.data, () => scope.postMessage("ready"));
    scope.postMessage("done");
  };
}
