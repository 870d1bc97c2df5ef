// The same results on every machine and SIMD level: x86-64 wrote the fixture (machines.ts), Arm and others have to agree.
// Where relaxed SIMD leaves a choice to the machine, the operands' ranges must make it invisible.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/kernels/backend.ts";
import { type BackendOptions, createBackend, detectSimd, detectThreads } from "../../src/kernels/index.ts";
import { greedyTokens, integerDigests, type TrainingStep, trainingStep } from "./machines.case.ts";

interface Fixture {
  digests: Record<string, string>;
  tokens: number[];
  losses: Omit<TrainingStep, "gradients">;
  /** Base64 of f32. */
  gradients: Record<string, string>;
}

const fixture = JSON.parse(readFileSync(new URL("./fixtures/machines.json", import.meta.url), "utf8")) as Fixture;

const variants: (BackendOptions & { title: string })[] = [
  { title: "reference", simd: "none" },
  { title: "relaxed SIMD, 1 thread", simd: "relaxed", threads: 1 },
  { title: "relaxed SIMD, 2 threads", simd: "relaxed", threads: 2, serialWork: 0 },
  { title: "relaxed SIMD without a dot product, 1 thread", simd: "relaxed", threads: 1, dotProduct: false },
  { title: "SIMD128, 1 thread", simd: "simd128", threads: 1 },
];

const levels = ["none", "simd128", "relaxed"];
const possible = ({ simd = "none", threads = 1 }: BackendOptions) =>
  levels.indexOf(simd) <= levels.indexOf(detectSimd()) && (threads === 1 || detectThreads());

/** Largest difference of two lists ÷ the largest magnitude in `wanted`. */
function worst(got: Float32Array, wanted: Float32Array): number {
  const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - got[i]!)), 0) / largest;
}

for (const { title, ...options } of variants.filter(possible)) {
  describe(title, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await createBackend(options);
    });
    afterAll(() => backend.close());

    it("codes and integer sums are the same bit for bit", () => {
      expect(integerDigests(backend)).toEqual(fixture.digests);
    });

    it("an int4 model continues with the same tokens", () => {
      expect(greedyTokens(backend).tokens).toEqual(fixture.tokens);
    });

    it("a training step: losses within a factor of 1 ± 1e-5, gradients within 1e-5 of each tensor's largest", () => {
      const { gradients, ...losses } = trainingStep(backend);
      for (const name of ["loss", "lossAfter", "quantizedLoss"] as const) {
        expect(Math.abs(losses[name] / fixture.losses[name] - 1), name).toBeLessThan(1e-5);
      }
      expect(Object.keys(gradients)).toEqual(Object.keys(fixture.gradients));
      for (const [name, text] of Object.entries(fixture.gradients)) {
        const wanted = new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);
        expect(worst(gradients[name]!, wanted), name).toBeLessThan(1e-5);
      }
    });
  });
}
