// Chooses and creates a backend for this machine.
import { HandheldError } from "../errors.ts";
import type { Backend, SimdLevel } from "./backend.ts";
import { createReferenceBackend } from "./reference/backend.ts";
import { kernelUrls } from "./wasm/assets.ts";
import { WasmBackend } from "./wasm/backend.ts";
import { canCompileWide, compileKernels } from "./wasm/compile.ts";
import { detectSimd, detectThreads } from "./wasm/features.ts";

export type { Backend, GemmLayout, KvFormat, KvLayer, Ptr, SimdLevel } from "./backend.ts";
export { kvPageTokens } from "./backend.ts";
export { createReferenceBackend } from "./reference/backend.ts";
export { detectSimd, detectThreads } from "./wasm/features.ts";

/** Options of {@link createBackend}. */
export interface BackendOptions {
  /** Threads, the caller's included. Default: the machine's cores, at most 8; 1 where memory cannot be shared. */
  threads?: number | undefined;
  /** Use this SIMD level instead of the best one found (`none`: the plain TypeScript reference). */
  simd?: SimdLevel | undefined;
  /** Single-threaded build with unshared memory, even where sharing works. Default false. */
  unshared?: boolean | undefined;
  /** False: do not use an int8 dot product instruction (results are the same). Default: where the machine has one. */
  dotProduct?: boolean | undefined;
  /**
   * False: no vectors of 256 bits; true: tiles for them even where they are slower (results are the same). Default: where
   * V8 makes such vectors (docs/engine.md).
   */
  wideVectors?: boolean | undefined;
  /** Work, in int4 multiply-adds, below which a list of commands runs on the caller's thread alone. Default 4e6. */
  serialWork?: number | undefined;
}

/**
 * Creates the fastest backend that works here.
 * @throws HandheldError `unsupported` when more threads or SIMD are asked for than there are.
 */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const best = detectSimd();
  const simd = options.simd ?? best;
  if (simd === "none") return createReferenceBackend();
  if (best === "none" || (simd === "relaxed" && best !== "relaxed")) {
    throw new HandheldError("unsupported", `this JavaScript engine has no ${simd} SIMD (best: ${best})`);
  }
  const sharing = detectThreads() && options.unshared !== true;
  const threads = options.threads ?? (sharing ? defaultThreads() : 1);
  if (threads > 1 && !sharing) {
    throw new HandheldError("unsupported", `${threads} threads need shared memory, which is not available here; use 1`);
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new HandheldError("invalid-option", `threads must be a whole number from 1 to 64, got ${threads}`);
  }
  const wide = options.wideVectors !== false && canCompileWide();
  const module = await loadModule(kernelUrls[`${simd}${sharing ? "-threads" : ""}`](), wide);
  const wideTiles = options.wideVectors ?? (wide ? "choose" : false);
  const { dotProduct, serialWork } = options;
  return WasmBackend.create({ module, simd, threads, shared: sharing, dotProduct, wideTiles, serialWork });
}

/** Cores that the default uses. */
export function defaultThreads(): number {
  const cores = typeof navigator === "undefined" ? 1 : (navigator.hardwareConcurrency ?? 1);
  return Math.max(1, Math.min(8, cores));
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** Compiles a kernel module once. */
function loadModule(url: URL, wide: boolean): Promise<WebAssembly.Module> {
  const key = `${url.href}${wide ? " wide" : ""}`;
  let module = modules.get(key);
  if (!module) {
    module = url.protocol === "file:" ? readModule(url, wide) : fetchModule(url);
    modules.set(key, module);
    module.catch(() => modules.delete(key)); // the next attempt may find the file or the network again
  }
  return module;
}

async function readModule(url: URL, wide: boolean): Promise<WebAssembly.Module> {
  const { readFile } = await import("node:fs/promises");
  try {
    return await compileKernels(await readFile(url), wide);
  } catch (cause) {
    throw new HandheldError("io", `cannot load the kernels from ${url.pathname}; run "npm run build"`, { cause });
  }
}

// Not compileStreaming, which refuses what a server does not call application/wasm; the modules are 60 kB.
async function fetchModule(url: URL): Promise<WebAssembly.Module> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new HandheldError("io", `cannot load the kernels from ${url.href}: ${reason}`, { cause });
  }
}
