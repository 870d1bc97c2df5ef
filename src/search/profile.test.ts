// A profile of a tiny model: its parts are the whole, and only what a model has shows up.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../kernels/backend.ts";
import { kvPageTokens } from "../kernels/backend.ts";
import { createBackend, createReferenceBackend } from "../kernels/index.ts";
import { Decoder } from "../model/decoder.ts";
import { tinySpec } from "../model/tiny.case.ts";
import { memoryUse, type Profile, profileDecode, profilePrefill, sum } from "./profile.ts";

const quick = { repeats: 3, repeatSeconds: 0.002 };

for (const [title, create] of Object.entries({
  "WebAssembly, 2 threads": () => createBackend({ threads: 2, serialWork: 0 }),
  "WebAssembly, the caller's thread alone": () => createBackend({ threads: 2 }),
  reference: async () => createReferenceBackend(),
})) {
  describe(title, () => {
    let backend: Backend;
    let decoder: Decoder;
    beforeAll(async () => {
      backend = await create();
      decoder = Decoder.random(backend, tinySpec({ context: 64 }), 1);
    });
    afterAll(async () => {
      decoder.close();
      expect(backend.allocatedBytes).toBe(0);
      await backend.close();
    });

    const check = (profile: Profile) => {
      const { totalMs, busyMs, waitingMs, outsideMs } = profile;
      // The workers' clocks are not the caller's: a little may be booked twice.
      expect(sum(busyMs) + sum(waitingMs) + outsideMs).toBeGreaterThanOrEqual(totalMs * 0.999);
      for (const operator of ["embedding", "norms", "projections", "attention", "ffn", "head", "sampling"] as const) {
        expect(busyMs[operator], operator).toBeGreaterThan(0);
      }
      expect(profile).toMatchObject({ repeats: 3 });
      expect(profile.plainMs).toBeGreaterThan(0);
      expect(profile.cost).toBeCloseTo(totalMs / profile.plainMs - 1, 9);
    };

    it("splits a prompt", async () => {
      const profile = await profilePrefill(decoder, 9, quick);
      expect(profile).toMatchObject({ phase: "prefill", tokens: 9 });
      check(profile);
    });

    it("splits a decoded token, also behind an empty cache", async () => {
      for (const context of [0, 5]) {
        const profile = await profileDecode(decoder, context, quick);
        expect(profile).toMatchObject({ phase: "decode", tokens: context });
        check(profile);
      }
    });
  });
}

describe("memoryUse", () => {
  it("adds up to the weights, and to the cache of a session", () => {
    for (const changes of [{}, { tiedEmbeddings: false, norm: "layer" as const, gated: false, layerRepeat: 2 }]) {
      for (const format of ["int4", "f32"] as const) {
        const backend = createReferenceBackend();
        const decoder = Decoder.random(backend, tinySpec({ context: kvPageTokens, ...changes }), 1, format);
        const buffers = backend.allocatedBytes - decoder.weights.bytes;
        const use = memoryUse(decoder, kvPageTokens, buffers);
        expect(use.embedding + use.attention + use.ffn + use.norms).toBe(decoder.weights.bytes);
        const session = decoder.createSession({ capacity: kvPageTokens });
        const before = backend.allocatedBytes;
        session.reserve(kvPageTokens);
        expect(use.cache).toBe(backend.allocatedBytes - before);
      }
    }
  });
});
