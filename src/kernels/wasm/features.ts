// What this JavaScript engine can run, found by validating tiny modules and by looking for shared memory.
import type { SimdLevel } from "../backend.ts";

// Modules of one function: (a) i32x4.splat and drop, (b) i16x8.relaxed_dot_i8x16_i7x16_s of two zero vectors and drop.
const header = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0];
const simd128Module = new Uint8Array([...header, 10, 9, 1, 7, 0, 65, 0, 253, 17, 26, 11]);
const relaxedModule = new Uint8Array([
  ...header,
  10,
  16,
  1,
  14,
  0,
  65,
  0,
  253,
  15,
  65,
  0,
  253,
  15,
  253,
  146,
  2,
  26,
  11,
]);

/** The best SIMD level that WebAssembly offers here. */
export function detectSimd(): SimdLevel {
  if (typeof WebAssembly === "undefined") return "none";
  if (WebAssembly.validate(relaxedModule)) return "relaxed";
  return WebAssembly.validate(simd128Module) ? "simd128" : "none";
}

/** Whether memory can be shared between threads here (in browsers: only on cross-origin isolated pages). */
export function detectThreads(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return isolated === undefined || isolated;
}
