// Power by a counter in a folder that looks as Linux shows it: what it counts, that it stands still, that there is none.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Backend } from "../../kernels/backend.ts";
import { createBackend } from "../../kernels/index.ts";
import { measurePower } from "./power.ts";

let backend: Backend;
const folders: string[] = [];
beforeAll(async () => {
  backend = await createBackend({ threads: 1 });
});
afterAll(async () => {
  await backend.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A `/sys` with one processor, and what writes its counter. */
function sys() {
  const root = mkdtempSync(join(tmpdir(), "handheld-power-"));
  folders.push(root);
  const zone = join(root, "class/powercap/intel-rapl:0");
  mkdirSync(zone, { recursive: true });
  // A reader never sees half a file, as with the kernel's.
  const write = (name: string, value: string | number) => {
    writeFileSync(join(zone, "next"), `${value}\n`);
    renameSync(join(zone, "next"), join(zone, name));
  };
  write("name", "package-0");
  write("max_energy_range_uj", 262_143_328_850);
  const count = (joules: number) => write("energy_uj", Math.round(joules * 1e6));
  count(5);
  return { root, count };
}

it("is what the counter says of each stretch of time, with its name", async () => {
  const { root, count } = sys();
  const started = performance.now();
  const timer = setInterval(() => count(5 + (12 * (performance.now() - started)) / 1000), 5);
  try {
    const { watts, note } = await measurePower(backend, { root, seconds: 0.1 });
    expect(note).toBe("Linux powercap (package-0)");
    // 12 W, but for what the counter is behind when it is read: on a busy machine a good part of a stretch. Another unit is far off.
    for (const one of Object.values(watts!)) {
      expect(one).toBeGreaterThan(2);
      expect(one).toBeLessThan(72);
    }
  } finally {
    clearInterval(timer);
  }
});

it("is none where the counter stands still, or where there is none", async () => {
  const { root } = sys();
  const still = await measurePower(backend, { root, seconds: 0.1 });
  expect(still).toEqual({ watts: null, note: "Linux powercap (package-0) stood still while the device computed" });
  const nothing = mkdtempSync(join(tmpdir(), "handheld-power-"));
  folders.push(nothing);
  const { watts, note } = await measurePower(backend, { root: nothing });
  expect(watts).toBeNull();
  expect(note).toMatch(/no counter of energy .*no battery/);
});

it("stops when it is told to", async () => {
  const { root } = sys();
  const signal = AbortSignal.abort();
  await expect(measurePower(backend, { root, seconds: 0.1, signal })).rejects.toMatchObject({ code: "aborted" });
});
