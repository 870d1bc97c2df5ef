// What the compiled kernels import, on the caller's thread and on workers.

/** `abort` is what AssemblyScript calls on a failed check, `now` the clock of profiling and of the choice of tiles. */
export function kernelImports(memory: WebAssembly.Memory): WebAssembly.Imports {
  return {
    env: {
      memory,
      abort: () => {
        throw new Error("kernel aborted");
      },
      now: () => performance.now(),
    },
  };
}
