// The probe on real backends with a small working set, and what a profile must hold. Speeds themselves are not judged:
// they are the machine's.
import { describe, expect, it } from "vitest";
import { createBackend, createReferenceBackend, detectSimd } from "../kernels/index.ts";
import { probeDevice, threadPlan } from "./probe.ts";
import { bestSpeeds, type DeviceProfile, parseProfile } from "./profile.ts";

const small = { workingSetBytes: 2 ** 20 };

function expectProfile(profile: DeviceProfile, threads: number[]) {
  expect(parseProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  expect(profile.speeds.map((speed) => speed.threads)).toEqual(threads);
  expect(profile.cores).toBeGreaterThan(0);
  expect(profile.runtime.name).toBe("node");
  for (const { matvecGBps, matvecGmacps } of profile.speeds) {
    expect(matvecGmacps / matvecGBps).toBeCloseTo(256 / 144, 6); // 4.5 bits a weight
  }
}

describe("probe", () => {
  it("measures the plain TypeScript kernels, one thread", async () => {
    const profile = await probeDevice({ ...small, threads: 1, createBackend: async () => createReferenceBackend() });
    expectProfile(profile, [1]);
    expect(profile.simd).toBe("none");
  });

  it.skipIf(detectSimd() === "none")("measures WebAssembly on 1..n threads and frees what it took", async () => {
    const backends: Awaited<ReturnType<typeof createBackend>>[] = [];
    const done: string[] = [];
    const profile = await probeDevice({
      ...small,
      threads: 2,
      createBackend: async (options) => {
        const backend = await createBackend(options);
        backends.push(backend);
        return backend;
      },
      onProgress: (index, total) => done.push(`${index}/${total}`),
    });
    expectProfile(profile, profile.threads > 1 ? [1, 2] : [1]);
    for (const backend of backends) expect(backend.allocatedBytes).toBe(0);
    expect(done).toEqual(profile.threads > 1 ? ["0/2", "1/2"] : ["0/1"]);
    expect(bestSpeeds(profile).readGBps).toBe(Math.max(...profile.speeds.map(({ readGBps }) => readGBps)));
  });

  it("stops when aborted, and closes the backend", async () => {
    let closed = 0;
    const createBackend = async () => Object.assign(createReferenceBackend(), { close: async () => void closed++ });
    await expect(probeDevice({ ...small, createBackend, signal: AbortSignal.abort() })).rejects.toThrow("stopped");
    expect(closed).toBe(1);
  });

  it("plans all threads first, then one, then the powers of two between", () => {
    expect([1, 2, 4, 6].map(threadPlan)).toEqual([[1], [2, 1], [4, 1, 2], [6, 1, 2, 4]]);
  });
});

it("a stored profile that does not fit is refused by field", () => {
  expect(() => parseProfile({ version: 2 }, "device.json")).toThrow(/^device\.json: version: /);
});
