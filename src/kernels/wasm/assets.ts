// Where the compiled kernels lie: beside this file in dist, and beside the browser's engine, which contains this file
// (scripts/bundle-browser.js). The URLs are written out because that is the form in which bundlers recognise assets.

/** The kernel modules by SIMD level and memory; functions, so that only the one in use is resolved. */
export const kernelUrls = {
  relaxed: () => built(new URL("./handheld-relaxed.wasm", import.meta.url)),
  "relaxed-threads": () => built(new URL("./handheld-relaxed-threads.wasm", import.meta.url)),
  simd128: () => built(new URL("./handheld-simd128.wasm", import.meta.url)),
  "simd128-threads": () => built(new URL("./handheld-simd128-threads.wasm", import.meta.url)),
};

// The kernels must be built also where the TypeScript sources run as they are.
function built(url: URL): URL {
  return import.meta.url.endsWith(".ts") ? new URL(url.href.replace("/src/kernels/", "/dist/kernels/")) : url;
}
