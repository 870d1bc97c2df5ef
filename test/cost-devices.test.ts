// What a model costs, through every way to a device: a board behind ssh whose connection breaks, a phone whose battery is read
// over adb, a phone's page that is thrown away.
import { afterEach, expect, it } from "vitest";
import type { CostPoint } from "../src/cost/result.ts";
import { costOn } from "../src/remote/cost-on.ts";
import type { JobEvent } from "../src/remote/device.ts";
import { openDevice } from "../src/remote/node/open.ts";
import type { Invitation } from "../src/remote/node/phone/server.ts";
import { createSpec } from "../src/spec/spec.ts";
import { chromiumPath, launchChromium, linkAt, noChromium } from "./support/chromium.ts";
import { type FakeAdb, startFakeAdb } from "./support/fake-adb.ts";
import { noSshd, sshdPath, startSshd } from "./support/sshd.ts";

const spec = createSpec({ layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 });
const asked = { prompts: [8], outputs: [4], forms: ["int4" as const], threads: [1], repeats: 1, breakdown: false };

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

it.skipIf(sshdPath === undefined)(`ssh: goes on behind the points that came (${noSshd})`, async () => {
  const sshd = await startSshd();
  toClose.push(() => sshd.close());
  const ssh = { knownHosts: [sshd.knownHosts], identities: [sshd.keys.good], agent: null };
  // The path names this process's Node: the machine's own may be too old.
  const open = () => openDevice(`ssh:${sshd.user}@127.0.0.1:${sshd.port}${process.execPath}`, { ssh });
  const prompts = [8, 16];
  const done: CostPoint[] = [];
  const onPoint = (point: CostPoint) => {
    done.push(point);
    sshd.drop();
  };
  const first = await open();
  await expect(costOn(first, spec, { ...asked, prompts, repeats: 5, onPoint })).rejects.toMatchObject({
    problem: "lost",
  });
  await first.close();
  expect(done.map(({ prompt }) => prompt)).toEqual([8]);
  const device = await open();
  const { cost, facts } = await costOn(device, spec, { ...asked, prompts, done });
  await device.close();
  expect(cost.points[0]).toEqual(done[0]);
  expect(cost.points.map(({ prompt }) => prompt)).toEqual(prompts);
  expect(facts).toMatchObject({ platform: process.platform, runtime: { name: "node" } });
  expect(cost.energy.note).not.toBe("");
});

/** The phone of a server, with a battery. Status 3: nothing charges it. */
async function openPhone(status: number) {
  const battery = `Current Battery Service state:\n  status: ${status}\n  voltage: 4000\n  temperature: 305\n  current now: -500`;
  const adb: FakeAdb = await startFakeAdb([{ serial: "R58M", node: process.execPath, battery }]);
  toClose.push(() => adb.close());
  const device = await openDevice("adb", {
    adb: { port: 0, meterSeconds: 1, server: { host: "127.0.0.1", port: adb.port } },
  });
  toClose.push(() => device.close());
  return device;
}

it("adb: has joules by the battery, which is read from here, and its temperature", async () => {
  const heard: CostPoint[] = [];
  const onPoint = (point: CostPoint) => void heard.push(point);
  const device = await openPhone(3);
  const { cost, facts } = await costOn(device, spec, { ...asked, sustainedSeconds: 2, onPoint });
  expect(facts.runtime.name).toBe("node");
  expect(cost.energy).toMatchObject({ source: "Android battery", note: expect.stringMatching(/^joules of the whole/) });
  expect(heard).toEqual(cost.points);
  const [point] = cost.points as [CostPoint];
  // 0.5 A at 4 V. Energy is counted without choosing tokens, requests choose them: their speeds differ.
  const watts = point.decodeJoulesPerToken! * point.decodeTokensPerSecond.median;
  expect(watts).toBeGreaterThan(0.5);
  expect(watts).toBeLessThan(8);
  expect(point.prefillJoulesPerToken).toBeLessThan(point.decodeJoulesPerToken!);
  expect(cost.sustained!.points.map(({ celsius }) => celsius)).toEqual([30.5, 30.5]);
}, 120_000);

it("adb: has no joules while the phone is charged, and says so", async () => {
  const { cost } = await costOn(await openPhone(2), spec, asked);
  expect(cost.energy.source).toBeNull();
  expect(cost.energy.note).toMatch(/it is being charged; connect adb by Wi-Fi/);
  expect(cost.points[0]).toMatchObject({ prefillJoulesPerToken: null, decodeJoulesPerToken: null });
});

const inChromium = it.skipIf(chromiumPath === undefined);
inChromium(
  `phone: keeps its points when the page is thrown away (${noChromium})`,
  async () => {
    const browser = await launchChromium();
    toClose.push(() => browser.close());
    const page = await browser.newPage();
    const onInvite = (invitation: Invitation) => void page.goto(linkAt(invitation, "localhost"));
    const device = await openDevice("phone", { phone: { port: 0, onInvite } });
    toClose.push(() => device.close());
    const seen = Promise.withResolvers<void>();
    const places: string[] = [];
    const events: JobEvent[] = [];
    const running = costOn(device, spec, {
      prompts: [8, 16, 32],
      outputs: [8],
      forms: ["int4", "f32"],
      threads: [2],
      repeats: 8,
      sustainedSeconds: 2,
      onPoint({ weights, threads, prompt }) {
        places.push(`${weights} ${threads} ${prompt}`);
        seen.resolve();
      },
      onEvent: (event) => void events.push(event),
    });
    await seen.promise;
    await page.reload();
    const { cost, facts } = await running;
    expect(events.some(({ type }) => type === "restarted")).toBe(true);
    expect([places.length, new Set(places).size]).toEqual([6, 6]); // none was measured twice
    expect(facts.runtime.name).toBe("chrome");
    expect(cost.points).toHaveLength(6);
    expect(cost.energy).toEqual({ source: null, note: "browsers do not tell what energy is used" });
    expect(cost.sustained!.points.map(({ celsius }) => celsius)).toEqual([null, null]);
    expect(cost.breakdown!.processBytes).toBeUndefined();
    await page.getByText("Kept after minutes").waitFor();
    await page.getByText("f32, prompt of 32").waitFor();
  },
  120_000,
);
