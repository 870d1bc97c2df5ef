// The leaderboard in a real browser, from files: what it shows, sorts and filters, by mouse and by keys; what those who
// cannot see it are told; that nothing moves, is too wide, is loaded from elsewhere or fails; hostile names that stay text.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSite, publishedTables, readAssets, siteFiles, writeSite } from "../src/leaderboard/index.ts";
import { madeUpRecords } from "../src/leaderboard/records.case.ts";
import type { ResultRecord } from "../src/results/record.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "handheld-leaderboard-"));
const phone = { width: 390, height: 844 };
const desktop = { width: 1280, height: 900 };
const problems: string[] = [];
let browser: Browser;

async function build(name: string, records: readonly ResultRecord[]): Promise<void> {
  const options = { title: "Small models", builtAt: "2026-11-26T20:00:00.000Z" };
  const { site, details } = createSite(records, publishedTables, options);
  await writeSite(join(folder, name), siteFiles(site, details, await readAssets()));
}

async function open(address: string, viewport = desktop, colorScheme: "light" | "dark" = "light"): Promise<Page> {
  const page = await browser.newPage({ viewport, colorScheme });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => problems.push(message.text()));
  page.on("request", (request) => request.url().startsWith("file:") || problems.push(request.url()));
  await page.addInitScript(watchShifts);
  await page.goto(`${pathToFileURL(folder).href}/${address}`);
  await page.locator("h1").waitFor();
  return page;
}

describe.skipIf(chromiumPath === undefined)(`leaderboard in Chromium (${noChromium})`, () => {
  beforeAll(async () => {
    browser = await launchChromium();
    await build("few", madeUpRecords({ count: 8, models: 5, devices: 3 }));
    await build("many", madeUpRecords({ count: 300 }));
    await build("none", []);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  const addresses = [
    "few/index.html",
    "many/index.html",
    "none/index.html",
    "few/model.html?id=opt-125m",
    "many/device.html?id=pixel-8",
  ];
  it.each(addresses)("%s: axe finds nothing, nothing is too wide, nothing moves", async (address) => {
    for (const viewport of [phone, desktop]) {
      for (const scheme of ["light", "dark"] as const) {
        const page = await open(address, viewport, scheme);
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() =>
          (window as unknown as Axe).axe.run({ preload: false }),
        );
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)).toEqual([]);
        expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(["color-contrast", "label", "region"]));
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
        expect(await page.evaluate(() => (window as unknown as Shifts).shifts)).toBe(0);
        await page.close();
      }
    }
  });

  it("sorts by keys, and says so", async () => {
    const page = await open("many/index.html");
    const unit = { k: 1e3, M: 1e6, B: 1e9 };
    const sizes = async () => {
      const texts = await page.locator("tbody.measured tr:not(.kind) td:nth-child(9)").allTextContents();
      return texts.map((text) => Number.parseFloat(text) * unit[text.at(-1) as keyof typeof unit]);
    };
    expect(await page.locator('[aria-sort="descending"] button').textContent()).toContain("Capability");
    await page.locator('[data-sort="parameters"]').focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("descending");
    const down = await sizes();
    await page.keyboard.press("Space"); // the focus has stayed
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
    const up = await sizes();
    expect(down).toEqual(down.toSorted((a, b) => b - a));
    expect(up).toEqual(up.toSorted((a, b) => a - b));
    expect(up[0]).toBeLessThan(down[0]!);
    expect(await page.locator("th[aria-sort]").count()).toBe(1);
    await page.close();
  });

  it("filters, tells how many are left, keeps kinds apart, and remembers in the address", async () => {
    const page = await open("many/index.html");
    const rows = (kind: string) => page.locator(`tbody.${kind} tr:not(.kind)`);
    expect(await rows("measured").count()).toBe(40);
    await page.locator("#more").click();
    expect(await rows("measured").count()).toBe(80);
    await page.getByLabel("Search").fill("SmolLM pixel");
    const [left] = (await page.locator("#count").textContent())!.match(/\d+/)!;
    expect(Number(left)).toBe(await rows("measured").count());
    for (const name of await rows("measured").locator("th").allTextContents()) expect(name).toMatch(/^SmolLM/);
    await page.getByLabel("Search").fill("SmolLM");
    await page.getByLabel("Show").selectOption("published");
    expect(await rows("measured").count()).toBe(0);
    expect(await rows("published").locator("th").allTextContents()).toEqual(["SmolLM-1.7B", "SmolLM-360M"]);
    await expect.poll(() => page.locator("#trend .dot:not(.inside)").count()).toBe(2);
    expect(await page.locator("#trend .hollow .dot:not(.inside)").count()).toBe(2);
    await page.waitForURL(/#.*kind=published/);
    const again = await open(`many/index.html${new URL(page.url()).hash}`);
    expect(await again.locator("tbody.published tr:not(.kind)").count()).toBe(2);
    expect(await again.getByLabel("Search").inputValue()).toBe("SmolLM");
    await again.getByRole("button", { name: "Reset" }).click();
    expect(await again.locator("tbody.measured tr:not(.kind)").count()).toBe(40);
    await page.getByLabel("Search").fill("no such thing");
    expect(await page.locator("#count").textContent()).toMatch(/^No row passes/);
    await page.close();
    await again.close();
  });

  it("charts tell their points to a mouse and to keys, and lead to the model", async () => {
    const page = await open("few/index.html");
    const svg = page.locator("#tradeoff svg");
    expect(await svg.getAttribute("aria-labelledby")).toBe("tradeoff-title tradeoff-desc");
    expect(await page.locator("#tradeoff desc").textContent()).toMatch(/^\d+ measured and 0 published points/);
    await svg.focus();
    await page.keyboard.press("ArrowRight");
    const tooltip = page.locator("#tradeoff .tooltip");
    const name = (await tooltip.locator("strong").textContent())!;
    expect(await tooltip.textContent()).toMatch(/decode, tok\/s [\d.]+.*parameters/);
    await page.keyboard.press("Enter");
    await page.waitForURL(/model\.html\?id=/);
    expect(await page.locator("h1").textContent()).toBe(name);
    await page.close();
  });

  it("the page of a model has its runs in full, one at a time", async () => {
    const page = await open("few/model.html?id=opt-125m");
    expect(await page.locator("#run option").count()).toBe(2);
    await page.locator("#run").selectOption({ index: 1 });
    for (const heading of ["Tasks", "Speed and memory", "Where time and memory go", "Notes"]) {
      expect(await page.getByRole("heading", { name: heading, exact: true }).count()).toBe(1);
    }
    await page.locator("#decode svg").focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#decode .tooltip").textContent()).toContain("32");
    await page.goto(`${pathToFileURL(folder).href}/few/model.html?id=nothing`);
    expect(await page.locator("h1").textContent()).toBe("There is no such model");
    await page.close();
  });

  it("colors follow the menu, and the next page remembers", async () => {
    const page = await open("few/index.html");
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByLabel("Colors").selectOption("dark");
    const dark = await background();
    expect(dark).not.toBe(light);
    await page.locator("tbody.measured th a").first().click();
    await page.locator("#run").waitFor();
    // Two pages of a folder may be two processes: what one stores, the other hears of a little later.
    await expect.poll(background).toBe(dark);
    await page.close();
  });

  it("without JavaScript the first rows are there", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(`${pathToFileURL(folder).href}/many/index.html`);
    expect(await page.locator("tbody.measured tr:not(.kind)").count()).toBe(40);
    await page.close();
  });

  it("hostile names stay text", async () => {
    const evil = `'"\\</script><img src=x onerror="document.title='owned'">\u2028`;
    const [record] = madeUpRecords({ count: 1 });
    record!.model = { ...record!.model, name: evil, catalogue: null };
    record!.device.name = evil;
    record!.notes = [evil];
    await build("hostile", [record!]);
    for (const address of [
      "hostile/index.html",
      "hostile/model.html?id=script-img-src-x-onerror-document-title-owned",
    ]) {
      const page = await open(address, phone);
      expect(await page.getByText("<img").count()).toBeGreaterThan(0);
      expect(await page.locator("img").count()).toBe(0);
      expect(await page.title()).not.toBe("owned");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(phone.width);
      await page.close();
    }
  });

  it("ran without errors, messages or requests", () => expect(problems).toEqual([]));
});

interface Axe {
  axe: {
    run(options: {
      preload: boolean;
    }): Promise<{ violations: { id: string; nodes: { html: string }[] }[]; passes: { id: string }[] }>;
  };
}

interface Shifts {
  shifts: number;
}

/** Runs in the page, before its own scripts: sums up how far things moved. */
function watchShifts(): void {
  const sum = window as unknown as Shifts;
  sum.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum.shifts += (entry as unknown as { value: number }).value;
  }).observe({ type: "layout-shift", buffered: true });
}
