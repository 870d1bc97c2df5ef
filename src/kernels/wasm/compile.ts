// Compiles the kernels, where possible for vectors of 256 bits.
//
// WebAssembly's vectors have 128 bits. On x86-64 with AVX2, V8 can make one instruction of 256 bits from two neighbouring
// operations that are alike; the flag for it is still called experimental, and is off by default. Node lets a program
// set it. It is set for the 40 ms in which the kernels are compiled, all of them at once and by the optimising compiler:
// otherwise V8 would compile each function when it is first needed.
// What it gives is measured in docs/engine.md. Results are the same.

/** Flags, and what undoes each. Without inlining: compiling without a first run leaves nothing to decide it by. */
const flags: [set: string, unset: string][] = [
  ["--experimental-wasm-revectorize", "--no-experimental-wasm-revectorize"],
  ["--no-liftoff", "--liftoff"],
  ["--no-wasm-lazy-compilation", "--wasm-lazy-compilation"],
  ["--no-wasm-inlining", "--wasm-inlining"],
];

/** The versions of V8 that the kernels were tested with, as major × 100 + minor: those of Node 24 to 26. */
const tested = { from: 1306, to: 1406 };

/** Whether this is a Node whose V8 was tested to make vectors of 256 bits. Whether the processor has them, V8 looks. */
export function canCompileWide(): boolean {
  if (typeof process === "undefined" || process.arch !== "x64" || process.versions?.bun) return false;
  const version = /^(\d+)\.(\d+)\..*-node\./.exec(process.versions?.v8 ?? "");
  if (!version) return false;
  const number = Number(version[1]) * 100 + Number(version[2]);
  return number >= tested.from && number <= tested.to;
}

/** Compiles the kernels; `wide` only where {@link canCompileWide}. Takes some 40 ms of all cores when wide. */
export async function compileKernels(bytes: Uint8Array<ArrayBuffer>, wide: boolean): Promise<WebAssembly.Module> {
  // V8 keeps what it made of the same bytes before: an empty section of a name of its own makes them others.
  if (!wide) return WebAssembly.compile(new Uint8Array([...bytes, 0, 2, 1, 0x6e]));
  const { setFlagsFromString } = await import("node:v8");
  try {
    for (const [set] of flags) setFlagsFromString(set);
    return new WebAssembly.Module(bytes);
  } finally {
    for (const [set, unset] of flags) if (!process.execArgv.includes(set)) setFlagsFromString(unset);
  }
}
