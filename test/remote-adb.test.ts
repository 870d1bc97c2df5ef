// The adb device against a server that speaks the protocol over a real socket (support/fake-adb.ts): phones found and chosen,
// jobs in Node under Termux, the page in the phone's browser at its own localhost, and what can be wrong with a phone.
import { afterEach, describe, expect, it } from "vitest";
import type { JobEvent } from "../src/remote/device.ts";
import type { AdbOptions } from "../src/remote/node/adb/device.ts";
import { openDevice } from "../src/remote/node/open.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";
import { type FakeAdb, type FakePhone, startFakeAdb } from "./support/fake-adb.ts";
import { PageClient } from "./support/page-client.ts";

const tiny = { layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 };
const quick = { prompt: 8, context: 8, repeats: 1, repeatSeconds: 0.001 };
const measured = { decodeTokensPerSecond: 5, prefillTokensPerSecond: 9, spread: 0.1, sizeBytes: 99 };
const value = { threads: 8, simd: "relaxed", rows: [{ index: 0, measured, problem: null }] };

let adb: FakeAdb | undefined;
afterEach(async () => {
  await adb?.close();
  adb = undefined;
});

/** Opens a device of a server with these phones. */
async function open(phones: FakePhone[], name = "adb", options: Partial<AdbOptions> = {}) {
  adb ??= await startFakeAdb(phones);
  return openDevice(name, { adb: { port: 0, ...options, server: { host: "127.0.0.1", port: adb.port } } });
}
const failing = (...given: Parameters<typeof open>) =>
  open(...given).then(
    () => expect.fail("it opened"),
    (error) => error,
  );

describe("Node under Termux", () => {
  const phone: FakePhone = { serial: "R58M", model: "Pixel_9", node: process.execPath };

  it("runs jobs there: the runner is copied once, events come, nothing stays open", async () => {
    for (const time of ["first", "second"]) {
      const device = await open([phone]);
      expect(device.name).toBe("adb:R58M (Pixel 9)");
      const events: JobEvent[] = [];
      const onEvent = (event: JobEvent) => void events.push(event);
      const { rows } = await device.run("measure", { ...quick, specs: [tiny, tiny], threads: 1 }, { onEvent });
      expect(rows.map(({ measured: row }) => row!.decodeTokensPerSecond > 10)).toEqual([true, true]);
      expect(events.filter(({ type }) => type === "part")).toHaveLength(2);
      const copies = adb!.log.filter((service) => service.includes("cat >"));
      expect([time, copies.length]).toEqual([time, 1]);
      await device.close();
    }
    expect(adb!.log).toContain("shell,v2,raw:run-as com.termux files/usr/bin/node --version");
    expect(adb!.forwarded.size).toBe(0);
  });

  it("says when the cable is pulled, and keeps the parts that came", async () => {
    const device = await open([phone]);
    const onEvent = (event: JobEvent) => void (event.type === "part" && adb!.unplug());
    const params = { ...quick, repeats: 20, repeatSeconds: 0.01, specs: Array(64).fill(tiny) };
    const error = await device.run("measure", params, { onEvent }).catch((caught) => caught);
    expect(error).toMatchObject({ name: "DeviceError", problem: "lost", parts: [{ index: 0 }] });
    expect(error.message).toMatch(/^adb:R58M \(Pixel 9\): the connection broke/);
    await device.close();
  });

  it("is an error where it was asked for and is not there", async () => {
    const error = await failing([{ serial: "R58M" }], "adb", { via: "termux" });
    expect(error).toMatchObject({ problem: "missing" });
    expect(error.message).toMatch(/run-as: unknown package: com\.termux/);
  });
});

describe("the phone's browser", () => {
  it("opens the page at its own localhost, forwarded, and runs the job", async () => {
    let page: PageClient | undefined;
    const opened = async (url: string) => {
      page = new PageClient(url);
      await page.join();
    };
    const device = await open([{ serial: "emulator-5554", open: (url) => void opened(url) }], "adb:emulator-5554");
    const { port } = new URL(page!.origin);
    expect(page!.origin).toBe(`http://localhost:${port}`);
    expect([...adb!.forwarded]).toEqual([`tcp:${port}`]);
    expect(device.name).toBe("adb:emulator-5554 (Phone) (android, chrome 140)");
    const running = device.run("measure", { specs: [tiny] });
    expect((await page!.commands()).body.commands).toMatchObject([{ type: "run", job: "measure" }]);
    await page!.send([{ type: "result", id: 1, value }]);
    expect(await running).toEqual(value);
    await device.close();
    expect(adb!.forwarded.size).toBe(0);
  });

  it.skipIf(chromiumPath === undefined)(`is Chromium here: threads work (${noChromium})`, async () => {
    const browser = await launchChromium();
    const page = await browser.newPage();
    const device = await open([{ serial: "R58M", open: (url) => void page.goto(url) }]);
    expect(device.notes).toEqual([]);
    const { threads, rows } = await device.run("measure", { ...quick, specs: [tiny], threads: 2 });
    expect(threads).toBe(2);
    expect(rows[0]!.measured!.decodeTokensPerSecond).toBeGreaterThan(10);
    await device.close();
    await browser.close();
  });

  it("says when no page can be opened, forwarded, or none comes; and cleans up", async () => {
    const amFails = "Error: Activity not started, unable to resolve Intent";
    const noBrowser = await failing([{ serial: "a", amFails }]);
    expect(noBrowser).toMatchObject({ problem: "refused", message: expect.stringMatching(/unable to resolve Intent/) });
    expect(adb!.forwarded.size).toBe(0);
    await adb!.close();
    adb = undefined;
    const taken = await failing([{ serial: "a", reverseFails: "cannot bind listener: Address already in use" }]);
    expect(taken.message).toMatch(/cannot forward the phone's tcp:\d+: cannot bind listener/);
    await adb!.close();
    adb = undefined;
    const asleep = await failing([{ serial: "a" }], "adb", { openSeconds: 0.5 });
    expect(asleep).toMatchObject({ problem: "lost", message: expect.stringMatching(/within 0.5 s; unlock/) });
    expect(adb!.forwarded.size).toBe(0);
  });
});

describe("choosing a phone", () => {
  const two: FakePhone[] = [{ serial: "a" }, { serial: "b", state: "unauthorized" }, { serial: "c", state: "offline" }];
  it.each([
    ["none", [], "adb", "unreachable", /adb sees no phone; connect one/],
    ["several without a name", two, "adb", "name", /adb sees 3 phones; name one: adb:a, adb:b, adb:c$/],
    ["another name", two, "adb:x", "name", /adb sees no phone of this name, but adb:a, adb:b, adb:c$/],
    ["one that did not allow it", two, "adb:b", "refused", /asks on its screen/],
    ["one that sleeps", two, "adb:c", "unreachable", /the phone is offline/],
  ] as const)("%s", async (_, phones, name, problem, message) => {
    expect(await failing([...phones], name)).toMatchObject({
      name: "DeviceError",
      problem,
      message: expect.stringMatching(message),
    });
  });

  it("no server at all", async () => {
    const server = { host: "127.0.0.1", port: 1 };
    await expect(openDevice("adb", { adb: { server } })).rejects.toMatchObject({
      problem: "unreachable",
      message: expect.stringMatching(
        /^adb: there is no adb server at 127\.0\.0\.1:1; start it with "adb start-server"/,
      ),
    });
  });
});
