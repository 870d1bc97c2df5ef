// Starts and ends the worker threads: Node's worker_threads or Web Workers behind one small interface.
import { HandheldError } from "../../errors.ts";
import { HEAP, SCRATCH_BYTES } from "./assembly/op.ts";

/** Running worker threads. `close` resolves once they have ended (they must have been told to stop). */
export interface Workers {
  close(): Promise<void>;
}

/** Starts threads 1..threads-1 and waits until each is ready. `onError` hears of a worker that fails later. */
export async function spawnWorkers(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: number,
  onError: (error: Error) => void,
): Promise<Workers> {
  const start = typeof process !== "undefined" && process.versions?.node ? startNodeWorker : startWebWorker;
  const ends: (() => Promise<void>)[] = [];
  for (let index = 1; index < threads; index++) {
    const data = { module, memory, index, threads, scratch: HEAP + index * SCRATCH_BYTES };
    ends.push(await start(data, onError));
  }
  return { close: async () => void (await Promise.all(ends.map((end) => end()))) };
}

type Start = (data: unknown, onError: (error: Error) => void) => Promise<() => Promise<void>>;

const startNodeWorker: Start = async (data, onError) => {
  const { Worker } = await import("node:worker_threads");
  const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData: data });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  worker.on("error", onError);
  // A blocked worker must not keep the process alive when its owner forgot to close.
  worker.unref();
  return async () => void (await worker.terminate());
};

const startWebWorker: Start = async (data, onError) => {
  // In one expression: that is what bundlers recognise as a worker's entry.
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      const reason = event.message || "its script was not found, or came without the headers of the page";
      reject(new HandheldError("io", `cannot start a thread of the kernels: ${reason}`));
    };
    worker.postMessage(data);
  });
  worker.onerror = (event) => onError(new Error(event.message));
  return async () => worker.terminate();
};
