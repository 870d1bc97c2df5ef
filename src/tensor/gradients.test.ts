import { createBackend, createReferenceBackend, detectSimd, detectThreads } from "../kernels/index.ts";
import { skipGradients, testGradients } from "./gradients.case.ts";

testGradients("reference", async () => createReferenceBackend());

const best = detectSimd();
for (const simd of ["relaxed", "simd128"] as const) {
  for (const threads of [1, 2]) {
    const name = `WASM ${simd}, ${threads} threads`;
    if (best === "none" || (simd === "relaxed" && best !== "relaxed")) skipGradients(name, `no ${simd} SIMD here`);
    else if (threads > 1 && !detectThreads()) skipGradients(name, "memory cannot be shared here");
    else testGradients(name, () => createBackend({ simd, threads }));
  }
}
