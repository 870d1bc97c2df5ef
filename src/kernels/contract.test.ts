// Runs every contract on every variant of the WebAssembly backend. A variant that this engine lacks is skipped with the
// reason; REQUIRE_DEVICES=1 makes that a failure.
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Backend } from "./backend.ts";
import { inferenceContract } from "./contract/inference.case.ts";
import { packingContract } from "./contract/packing.case.ts";
import { samplingContract } from "./contract/sampling.case.ts";
import { skipContract } from "./contract/skip.case.ts";
import { trainingContract } from "./contract/training.case.ts";
import { type BackendOptions, createBackend, detectSimd, detectThreads } from "./index.ts";

const contracts = {
  inference: inferenceContract,
  skip: skipContract,
  sampling: samplingContract,
  training: trainingContract,
  packing: packingContract,
};

// The contracts' operations are small: without serialWork 0 the threads would never share one.
const variants: (BackendOptions & { title: string })[] = [
  { title: "relaxed SIMD, 2 threads", simd: "relaxed", threads: 2, serialWork: 0 },
  { title: "relaxed SIMD, 1 thread", simd: "relaxed", threads: 1 },
  { title: "relaxed SIMD without a dot product, 1 thread", simd: "relaxed", threads: 1, dotProduct: false },
  {
    title: "relaxed SIMD without vectors of 256 bits, 2 threads",
    simd: "relaxed",
    threads: 2,
    serialWork: 0,
    wideVectors: false,
  },
  {
    title: "relaxed SIMD with tiles for 256 bits everywhere, 1 thread",
    simd: "relaxed",
    threads: 1,
    wideVectors: true,
  },
  { title: "SIMD128, 2 threads", simd: "simd128", threads: 2, serialWork: 0 },
  { title: "relaxed SIMD, unshared memory", simd: "relaxed", unshared: true },
  { title: "SIMD128, unshared memory", simd: "simd128", unshared: true },
];

function missing({ simd, unshared }: BackendOptions): string | null {
  const best = detectSimd();
  if (best === "none" || (simd === "relaxed" && best !== "relaxed")) return `this engine has no ${simd} SIMD`;
  return unshared || detectThreads() ? null : "memory cannot be shared here";
}

for (const { title, ...options } of variants) {
  describe(title, () => {
    const reason = missing(options);
    if (reason) {
      it(`needs what this machine lacks: ${reason}`, ({ skip }) => {
        if (process.env.REQUIRE_DEVICES) throw new Error(reason);
        skip(reason);
      });
      return;
    }
    let backend: Backend;
    beforeAll(async () => {
      backend = await createBackend(options);
    });
    afterAll(() => backend.close());
    for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(() => backend));
  });
}
