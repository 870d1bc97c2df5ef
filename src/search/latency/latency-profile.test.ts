// Profiles as files: what is saved is what is read; other versions, shapes and numbers are refused by field.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLatencyProfile, readLatencyProfile, saveLatencyProfile } from "./latency-profile.ts";
import { syntheticProfile } from "./synthetic.case.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "handheld-latency-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a latency profile's file", () => {
  it("is read as it was saved", async () => {
    const path = join(folder, "device.json");
    await saveLatencyProfile(path, syntheticProfile());
    expect(await readLatencyProfile(path)).toEqual(syntheticProfile());
  });

  it("is refused with its path and field", async () => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, JSON.stringify({ ...syntheticProfile(), version: 2 }));
    await expect(readLatencyProfile(path)).rejects.toThrow(/wrong\.json: version: .*; calibrate the device again/);
    await expect(readLatencyProfile(join(folder, "none.json"))).rejects.toMatchObject({ code: "io" });
  });

  it("must have a value for each point, rising axes, and nothing that is unknown", () => {
    const profile = syntheticProfile();
    const withMatmul = (grid: object) => ({ ...profile, threaded: { ...profile.threaded, matmulStreamed: grid } });
    const fails = (json: unknown, message: RegExp) => expect(() => parseLatencyProfile(json)).toThrow(message);
    fails(withMatmul({ axes: [[1, 2]], values: [1] }), /threaded\.matmulStreamed: a value per point/);
    fails(withMatmul({ axes: [[2, 1]], values: [1, 2] }), /threaded\.matmulStreamed: axes must ascend/);
    fails(withMatmul({ axes: [[1, 2]], values: [1, 0] }), /threaded\.matmulStreamed\.values\.1/);
    fails(
      { ...profile, residency: [{ matrixBytes: 1, bytes: [1, 2], share: [1] }] },
      /residency\.0: a share per number of bytes/,
    );
    fails({ ...profile, colour: "red" }, /colour/);
    fails(null, /the whole/);
  });
});
