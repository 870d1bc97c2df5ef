// The phone's page in Chromium: whole runs over localhost (threads) and over plain http on a network address (one thread),
// https, a network that drops, a page that is frozen or thrown away, a screen that goes dark, the other end that stops; and how it
// looks at 390 px.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Device, JobEvent } from "../src/remote/device.ts";
import { networkAddresses } from "../src/remote/node/phone/addresses.ts";
import { createPhoneServer, type PhoneServer, type PhoneServerOptions } from "../src/remote/node/phone/server.ts";
import type { TimedTurn } from "../src/search/latency/whole-model.ts";
import { chromiumPath, launchChromium, linkAt, noChromium } from "./support/chromium.ts";

const tiny = { layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 };
const quick = { prompt: 8, context: 8, repeats: 1, repeatSeconds: 0.001 };
// Long enough to disturb it: some seconds.
const long = { ...quick, specs: Array(8).fill(tiny), repeats: 12, repeatSeconds: 0.02 };

const address = networkAddresses().find((candidate) => !candidate.includes(":"));

describe.skipIf(chromiumPath === undefined)(`the phone's page in Chromium (${noChromium})`, () => {
  let browser: Browser;
  let context: BrowserContext;
  let server: PhoneServer | undefined;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await context?.close();
    await server?.close();
    server = undefined;
  });

  /** A page that was opened by the link, on a phone's screen. */
  async function open(options: PhoneServerOptions = {}, host?: string): Promise<{ page: Page; device: Device }> {
    server = await createPhoneServer({ port: 0, ...options });
    context = await browser.newContext({ viewport: { width: 390, height: 844 }, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    let link = "";
    const accepted = server.accept({ onInvite: (invitation) => (link = linkAt(invitation, host)) });
    await page.goto(link);
    return { page, device: await accepted };
  }
  const heading = (page: Page, text: string) => page.getByRole("heading", { name: text }).waitFor();

  it("measures the device on all cores over localhost, shows how it goes and the result", async () => {
    const { page, device } = await open({}, "localhost");
    expect(device.notes).toEqual([]);
    expect(page.url()).toMatch(/^http:\/\/localhost:\d+\/$/); // the token is not left in the address bar
    const events: JobEvent[] = [];
    const running = device.run("probe", { budgetSeconds: 0 }, { onEvent: (event) => void events.push(event) });
    await heading(page, "Measuring the device");
    await page.getByRole("progressbar").waitFor();
    const { profile } = await running;
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    expect(profile).toMatchObject({ runtime: { name: "chrome" }, cores, threads: cores, simd: "relaxed" });
    expect(profile.speeds.map(({ threads }) => threads)).toContain(Math.min(8, cores));
    expect(events[0]).toMatchObject({ type: "progress", done: 0 });
    await page.getByText("int4 × vector").waitFor();
    await heading(page, "Measured");
    await device.close();
    await heading(page, "Done");
  });

  const onNetwork = it.skipIf(address === undefined);
  onNetwork(
    "over plain http says that there is one thread, on the page and in the notes (needs a network)",
    async () => {
      const { page, device } = await open({}, address);
      expect(await page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([false, false]);
      expect(device.notes).toEqual([
        expect.stringMatching(/^one thread: over plain http a page on a network address is no secure context/),
        expect.stringMatching(/no Wake Lock/),
      ]);
      await page.getByText("Start with --https for all cores").waitFor();
      const { threads, rows } = await device.run("measure", { ...quick, specs: [tiny], threads: 2 });
      expect(threads).toBe(1);
      expect(rows[0]!.measured!.decodeTokensPerSecond).toBeGreaterThan(10);
    },
  );

  onNetwork("over https is isolated on a network address, too (needs a network)", async () => {
    const { page, device } = await open({ https: true }, address);
    expect(await page.evaluate(() => [isSecureContext, crossOriginIsolated])).toEqual([true, true]);
    expect(device.notes).toEqual([]);
    const { threads } = await device.run("measure", { ...quick, specs: [tiny], threads: 2 });
    expect(threads).toBe(2);
  });

  it("goes on while the network is gone and hands everything over when it is back", async () => {
    const { page, device } = await open({}, "localhost");
    const parts: number[] = [];
    const seen = Promise.withResolvers<void>();
    const onEvent = (event: JobEvent) => {
      if (event.type !== "part") return;
      parts.push((event.value as { index: number }).index);
      seen.resolve();
    };
    const running = device.run("measure", long, { onEvent });
    await seen.promise;
    await context.setOffline(true);
    await page.getByText(/^Connection lost/).waitFor();
    const before = parts.length;
    await page.getByText("The result is kept until then").waitFor();
    expect(parts.length).toBeLessThan(8);
    await context.setOffline(false);
    const { rows } = await running;
    expect(before).toBeLessThan(8);
    expect(rows).toHaveLength(8);
    expect(parts).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("calibrates while the network is gone, and hands the profile over when it is back", async () => {
    const { page, device } = await open({}, "localhost");
    const begun = Promise.withResolvers<void>();
    const onEvent = (event: JobEvent) => {
      if (event.type === "progress" && event.done > 0) begun.resolve();
    };
    const running = device.run("calibrate", { seconds: 3, acceptUnsteady: true }, { onEvent });
    await begun.promise;
    await context.setOffline(true);
    await page.getByText(/^Connection lost/).waitFor();
    await heading(page, "Measured"); // it came to its end, and nobody could be told
    await page.getByText("The result is kept until then").waitFor();
    await context.setOffline(false);
    const { profile } = await running;
    expect(profile.device.runtime.name).toBe("chrome");
    expect(profile.quality.points).toBeGreaterThan(100);
  }, 120_000);

  it("calibrates on after the page stood still, as it does when the screen is off", async () => {
    const { page, device } = await open({}, "localhost");
    const begun = Promise.withResolvers<void>();
    let heard = 0;
    const onEvent = (event: JobEvent) => {
      heard++;
      if (event.type === "progress" && event.done > 0) begun.resolve();
    };
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const running = device.run("calibrate", { seconds: 3, acceptUnsteady: true }, { onEvent });
    await begun.promise;
    // The page's processes, its worker in them, stand still as they do on a phone.
    const { processInfo } = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
    const pages = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    for (const id of pages) process.kill(id, "SIGSTOP");
    try {
      await wait(500); // what was on its way
      const before = heard;
      await wait(1500);
      expect(heard).toBe(before);
    } finally {
      for (const id of pages) process.kill(id, "SIGCONT");
    }
    const { profile } = await running;
    expect(profile.quality.checks.length).toBeGreaterThanOrEqual(12);
    await heading(page, "Measured");
  }, 120_000);

  it("goes on with a verification behind the turns that were taken when the phone threw the page away", async () => {
    const { page, device } = await open({}, "localhost");
    const events: JobEvent[] = [];
    const third = Promise.withResolvers<void>();
    const turns = () => events.flatMap((event) => (event.type === "part" ? [event.value as TimedTurn] : []));
    const onEvent = (event: JobEvent) => {
      events.push(event);
      if (turns().length === 3) third.resolve();
    };
    const specs = [tiny, { ...tiny, layers: 4 }];
    const running = device.run("verify", { specs, prompt: 8, context: 8, rounds: 4 }, { onEvent });
    await third.promise;
    await page.reload();
    const result = await running;
    const restart = events.find(({ type }) => type === "restarted") as { parts: number };
    expect(restart.parts).toBeGreaterThanOrEqual(3);
    // Each turn was taken once, and the result has those from before.
    expect(turns()).toHaveLength(8);
    expect(result.turns).toEqual(turns());
  }, 120_000);

  it("goes on with the job when the phone threw the page away, and tells of a dark screen", async () => {
    const { page, device } = await open({}, "localhost");
    const events: JobEvent[] = [];
    const running = device.run("measure", long, { onEvent: (event) => void events.push(event) });
    await heading(page, "Measuring models");
    await page.reload();
    await heading(page, "Measuring models");
    await page.evaluate(async () => {
      // As a browser does when the screen goes dark, and comes back.
      const set = (hidden: boolean) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      };
      set(true);
      await new Promise((resolve) => setTimeout(resolve, 1200));
      set(false);
    });
    const { rows } = await running;
    expect(rows).toHaveLength(8);
    expect(events.some(({ type }) => type === "restarted")).toBe(true);
    expect(events).toContainEqual({ type: "note", text: "the page was hidden, or the screen off, for 1 s" });
  });

  it("stops when the other end does, and shows why", async () => {
    const { page, device } = await open({}, "localhost");
    const stop = new AbortController();
    const running = device.run("measure", long, { signal: stop.signal });
    await heading(page, "Measuring models");
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "aborted" });
    await heading(page, "Stopped");
    await server!.close();
    await heading(page, "Done");
  });

  it("refuses the second page that opens a link", async () => {
    const { page } = await open({}, "localhost");
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${page.url()}#${"0".repeat(32)}`);
    await heading(other, "Not connected");
    await other.getByText(/^This link is not valid, or was used by another page/).waitFor();
    await other.context().close();
  });

  it.each(["light", "dark"] as const)("fits a phone of 390 px, %s", async (colorScheme) => {
    const { page, device } = await open({}, "localhost");
    await page.emulateMedia({ colorScheme });
    const running = device.run("measure", long).catch(() => {});
    await page.waitForFunction(() => document.getElementById("left")!.textContent !== "");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
    await device.close();
    await running;
    await heading(page, "Done");
  });
});
