// Meters over files in the kernel's format, one advanced by another process; what Android phones print; and why there is none.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createReferenceBackend } from "../../kernels/index.ts";
import { Decoder } from "../../model/decoder.ts";
import { measureEnergy } from "../../search/joules.ts";
import { timePrefill } from "../../search/timing.ts";
import { createSpec } from "../../spec/spec.ts";
import { hottestCelsius } from "../temperature.ts";
import { createAndroidMeter, parseAndroidBattery } from "./android.ts";
import { advance, makeTree, powercapFiles, type Tree } from "./counter.case.ts";
import { integratePower } from "./integrate.ts";
import { type EnergyMeter, openEnergyMeter } from "./meter.ts";

let tree: Tree | undefined;
afterEach(() => {
  tree?.remove();
  tree = undefined;
});

async function open(files: Record<string, string | number>): Promise<{ meter: EnergyMeter | null; note: string }> {
  tree = makeTree(files);
  return openEnergyMeter({ root: tree.root });
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const packageUj = "class/powercap/intel-rapl:0/energy_uj";
const battery = {
  "class/power_supply/AC/type": "Mains",
  "class/power_supply/BAT0/type": "Battery",
  "class/power_supply/BAT0/status": "Discharging",
};

describe.skipIf(process.platform !== "linux")("Linux (on others the files are not looked at)", () => {
  it("counts the processor and its memory, each once", async () => {
    const { meter } = await open(powercapFiles(5_000_000));
    expect(meter!.source).toBe("Linux powercap (package-0, dram)");
    const joules = await meter!.start();
    expect(await joules()).toBe(0);
    tree!.write({ [packageUj]: 7_500_000, "class/powercap/intel-rapl:0:1/energy_uj": 501_000 });
    expect(await joules()).toBe(3);
    expect(await (await meter!.start())()).toBe(0);
  });

  it("goes on where the counter begins again at 0, also twice", async () => {
    const { meter } = await open(powercapFiles(9_000_000, 10_000_000));
    const joules = await meter!.start();
    for (const value of [9_900_000, 400_000, 9_400_000, 400_000]) {
      tree!.write({ [packageUj]: value });
      await joules();
    }
    expect(await joules()).toBeCloseTo(11.4, 9);
  });

  it("gives joules per token beside speeds, by a counter that another process advances through its wrap", async () => {
    const { meter } = await open(powercapFiles(998_000_000, 1_000_000_000));
    const counter = await advance(join(tree!.root, packageUj), 5, 1_000_000_000);
    const backend = createReferenceBackend();
    const spec = createSpec({ layers: 1, width: 32, ffnWidth: 32, heads: 1, vocabulary: 64, context: 64 });
    const decoder = Decoder.random(backend, spec);
    const { joulesPerToken, tokensPerSecond } = await timePrefill(decoder, 16, { meter: meter! });
    expect(joulesPerToken! * tokensPerSecond).toBeGreaterThan(1); // watts; 5 on a machine that is not busy
    expect(joulesPerToken! * tokensPerSecond).toBeLessThan(25);
    expect((await timePrefill(decoder, 16)).joulesPerToken).toBeUndefined();
    const energy = await measureEnergy(decoder, meter!, { prompt: 16 });
    await counter.stop();
    decoder.close();
    await backend.close();
    expect(Number(tree!.read(packageUj))).toBeLessThan(900_000_000); // it has begun again
    for (const joules of Object.values(energy)) {
      expect(joules).toBeGreaterThan(0);
      expect(joules).toBeLessThan(5);
    }
  });

  it("says which file cannot be read, and what becomes of a counter that goes away", async () => {
    tree = makeTree(powercapFiles(1));
    rmSync(join(tree.root, packageUj));
    mkdirSync(join(tree.root, packageUj));
    const { meter, note } = await openEnergyMeter({ root: tree.root });
    expect(meter).toBeNull();
    expect(note).toMatch(/intel-rapl:0\/energy_uj cannot be read \(only root may.*; there is no battery$/);
    tree.remove();
    const found = await open(powercapFiles(1));
    rmSync(join(tree!.root, packageUj));
    await expect(found.meter!.start()).rejects.toMatchObject({ code: "io" });
  });

  it("says that there is nothing where there is nothing", async () => {
    expect(await open({})).toEqual({
      meter: null,
      note: "the processor shows no counter of energy (Linux powercap); there is no battery",
    });
  });

  it.each([
    ["power", { "class/power_supply/BAT0/power_now": 12_000_000 }],
    [
      "current and voltage",
      { "class/power_supply/BAT0/current_now": -1_000_000, "class/power_supply/BAT0/voltage_now": 12_000_000 },
    ],
  ])("sums a battery's %s over time", async (_, files) => {
    const { meter } = await open({ ...battery, ...files });
    expect(meter!.source).toBe("Linux battery (BAT0)");
    const began = performance.now();
    const count = await meter!.start();
    await pause(120);
    const joules = await count();
    const mostJoules = (12 * (performance.now() - began)) / 1000;
    expect(joules).toBeGreaterThan(12 * 0.1);
    expect(joules).toBeLessThanOrEqual(mostJoules);
  });

  it("takes no battery that is being charged, or that does not tell its power", async () => {
    const charging = await open({ ...battery, "class/power_supply/BAT0/status": "Charging" });
    expect(charging).toMatchObject({ meter: null, note: expect.stringMatching(/BAT0 is not what .* \(charging\)$/) });
    tree!.remove();
    expect((await open(battery)).note).toMatch(/the battery BAT0 does not tell its power$/);
  });

  it("finds the hottest sensor that makes sense", async () => {
    expect((await open({})).meter).toBeNull();
    expect(await hottestCelsius(tree!.root)).toBeNull();
    tree!.write({
      "class/thermal/thermal_zone0/temp": 41_500,
      "class/thermal/thermal_zone1/temp": 63_000,
      "class/thermal/thermal_zone2/temp": -274_000,
      "class/thermal/thermal_zone3/temp": 4_294_967_000,
      "class/thermal/cooling_device0/temp": 99_000,
    });
    expect(await hottestCelsius(tree!.root)).toBe(63);
  });
});

it("integrates power by trapezoids", async () => {
  const samples: [watts: number, ms: number][] = [
    [2, 0],
    [4, 1000],
    [4, 3000],
    [0, 3500],
  ];
  let at = 0;
  const read = await integratePower(
    async () => samples[at]![0],
    () => samples[at]![1],
  );
  const joules: number[] = [];
  for (at = 1; at < samples.length; at++) joules.push(await read());
  expect(joules).toEqual([3, 11, 12]);
});

/** What `dumpsys battery` of Android 14 prints on a phone that nothing charges. */
const dumpsys = (status: number, more = "") => `Current Battery Service state:
  AC powered: false
  USB powered: ${status === 2}
  Wireless powered: false
  Max charging current: 0
  Max charging voltage: 0
  Charge counter: 2345000
  status: ${status}
  health: 2
  present: true
  level: 61
  scale: 100
  voltage: 3900
  temperature: 312
  technology: Li-ion
${more}`;

describe("an Android phone's battery", () => {
  it.each([
    ["µA out of it", "kernel: -512820", 2],
    ["µA with the other sign", "kernel: 512820", 2],
    ["mA", "kernel: -513", 2.0007],
    ["mA by the battery manager of some makers", "  current now: -513\nkernel: ", 2.0007],
  ])("%s", (_, line, watts) => {
    const found = parseAndroidBattery(dumpsys(3, line));
    expect(found).toMatchObject({ celsius: 31.2, problem: "" });
    expect(found.watts).toBeCloseTo(watts, 3);
  });

  it.each([
    ["being charged", dumpsys(2, "kernel: 900000"), /being charged; connect adb by Wi-Fi/],
    ["without a current", dumpsys(3, "kernel: "), /does not tell the current/],
    ["that is no Android", "sh: dumpsys: not found\nkernel: \n", /does not answer/],
  ])("%s has no power", (_, output, problem) => {
    expect(parseAndroidBattery(output)).toMatchObject({ watts: null, problem: expect.stringMatching(problem) });
  });

  it("is a meter until the cable is put in", async () => {
    let status = 3;
    const meter = await createAndroidMeter(async () => dumpsys(status, "kernel: -1000000"), { everySeconds: 0.01 });
    const joules = await meter.start();
    await pause(50);
    expect(await joules()).toBeGreaterThan(3.9 * 0.04);
    expect(meter.celsius).toBe(31.2);
    status = 2;
    await expect(joules()).rejects.toThrow(/the phone tells no energy: it is being charged/);
    await meter.close();
    await expect(createAndroidMeter(async () => dumpsys(2))).rejects.toMatchObject({ code: "io" });
  });
});
