// The report in a real browser: nothing wider than the screen, tooltips by mouse, finger and keys, no script errors, no
// requests, and hostile data that stays text.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordPage, renderReport, renderSearchReport } from "../src/report/index.ts";
import { sampleRecord } from "../src/report/record/sample.case.ts";
import { sampleReport } from "../src/report/sample.case.ts";
import { sampleFinding } from "../src/report/search/sample.case.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-report-"));
const problems: string[] = [];
let browser: Browser;

async function open(width: number, html: string, scheme: "light" | "dark" = "light"): Promise<Page> {
  const file = join(folder, "report.html");
  writeFileSync(file, html);
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme, hasTouch: true });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => problems.push(message.text()));
  page.on("request", (request) => request.url().startsWith("file:") || problems.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return page;
}

describe.skipIf(chromiumPath === undefined)(`report.html in Chromium (${noChromium})`, () => {
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([320, 360, 390, 768, 1280])("at %i px nothing makes the page scroll sideways", async (width) => {
    const page = await open(width, renderReport(sampleReport()));
    const [wide, tables] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      [...document.querySelectorAll(".scroll")].map((box) => box.scrollWidth > box.clientWidth),
    ]);
    expect(wide).toBe(width);
    if (width < 400) expect(tables).toContain(true); // wide tables scroll in their own box
    await page.close();
  });

  it.each([320, 390, 1280])(
    "neither does the report of a search at %i px, and its texts can be read",
    async (width) => {
      for (const scheme of ["light", "dark"] as const) {
        const page = await open(width, renderSearchReport(await sampleFinding()), scheme);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        expect(await page.evaluate(lowContrast)).toEqual([]);
        const names = page.locator("#pareto-decode .tags span:visible");
        expect(await names.count()).toBeGreaterThan(width < 400 ? 3 : 8);
        const tooltip = page.locator("#pareto-decode .tooltip");
        const dot = (await page.locator("#pareto-decode .dot.marked").boundingBox())!;
        const svg = (await page.locator("#pareto-decode svg").boundingBox())!;
        await page.locator("#pareto-decode svg").hover({ position: { x: dot.x - svg.x, y: dot.y - svg.y } });
        expect(await tooltip.textContent()).toMatch(/layers\s×\s\d+.*parameters/s);
        await page.close();
      }
    },
  );

  it.each([320, 390, 1280])(
    "neither does the page of an evaluation at %i px, and its texts can be read, those of the heat maps too",
    async (width) => {
      for (const scheme of ["light", "dark"] as const) {
        const page = await open(width, recordPage(sampleRecord()), scheme);
        for (const closed of await page.locator("summary").all()) await closed.click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        expect(await page.evaluate(lowContrast)).toEqual([]);
        const error = (await page.locator("#tasks-heading ~ .scroll td .stderr").first().boundingBox())!;
        if (width >= 390) expect(error.x + error.width).toBeLessThan(width); // what matters is not scrolled away
        await page.close();
      }
    },
  );

  it("the page of an evaluation tells values with their errors, is printed in light colors, and keeps hostile names", async () => {
    const record = sampleRecord();
    record.model.catalogue = `</title><img src=x onerror="document.title='owned'">${"n".repeat(300)}`;
    for (const task of record.tasks.slice(0, 3)) task.name = record.model.catalogue;
    record.cost!.points.at(-1)!.weights = record.model.catalogue;
    const page = await open(390, recordPage(record), "dark");
    expect(await page.title()).toContain("onerror");
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.locator("#shots-2-0 svg").hover({ position: { x: 5, y: 50 } });
    expect(await page.locator("#shots-2-0 .tooltip").textContent()).toMatch(/^0 shots\s*acc: 42\.0 % ± 2\.2$/);
    await page.locator("#decode svg").hover({ position: { x: 5, y: 50 } });
    expect(await page.locator("#decode .tooltip").textContent()).toMatch(
      /^32 tokens of the prompt\s*int4, 2 threads: 191/,
    );
    const card = () => page.evaluate(() => getComputedStyle(document.querySelector("section")!).backgroundColor);
    expect(await card()).toBe("rgb(24, 27, 33)");
    await page.emulateMedia({ media: "print" });
    expect(await card()).toBe("rgb(255, 255, 255)");
    await page.close();
  });

  it("very long words, names and commands stay inside too", async () => {
    const data = sampleReport();
    data.name = "n".repeat(200);
    data.examples[0]!.query = "q".repeat(500);
    data.examples[0]!.commands = [{ command: "c".repeat(500) }];
    data.config = { path: "p".repeat(300) };
    const page = await open(360, renderReport(data));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.close();
  });

  it("a chart tells its values under the mouse, under a finger and by arrow keys", async () => {
    const page = await open(390, renderReport(sampleReport()));
    const svg = page.locator("#accuracy svg");
    const tooltip = page.locator("#accuracy .tooltip");
    expect(await tooltip.isVisible()).toBe(false);
    await svg.hover({ position: { x: 5, y: 50 } });
    expect(await tooltip.textContent()).toMatch(/^225 steps\s*accuracy: [\d.]+\s*soft accuracy: [\d.]+$/);
    await page.mouse.move(0, 0);
    expect(await tooltip.isVisible()).toBe(false);
    const box = (await svg.boundingBox())!;
    await page.touchscreen.tap(box.x + box.width - 3, box.y + 20);
    expect(await tooltip.textContent()).toMatch(/^1,800 steps/);
    const [left, right] = await tooltip.evaluate((element) => {
      const place = element.getBoundingClientRect();
      return [place.left, place.right];
    });
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(390);
    await svg.focus();
    await page.keyboard.press("ArrowLeft");
    expect(await tooltip.textContent()).toMatch(/^1,575 steps/);
    await page.keyboard.press("Escape");
    expect(await tooltip.isVisible()).toBe(false);
    await page.close();
  });

  it("points of the search are found by both coordinates and named", async () => {
    const page = await open(1280, renderReport(sampleReport()));
    const dot = (await page.locator("#search .dot.marked").boundingBox())!;
    const svg = (await page.locator("#search svg").boundingBox())!;
    await page.locator("#search svg").hover({ position: { x: dot.x - svg.x, y: dot.y - svg.y } });
    expect(await page.locator("#search .tooltip").textContent()).toMatch(/^\d+ layers of \d+, [\d.]+ M/);
    await page.close();
  });

  it.each(["light", "dark"] as const)("text has a contrast of at least 4.5 in %s", async (scheme) => {
    const page = await open(390, renderReport(sampleReport()), scheme);
    expect(await page.evaluate(lowContrast)).toEqual([]);
    await page.close();
  });

  it("hostile texts stay text", async () => {
    const data = sampleReport();
    const evil = `</script><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    data.name = evil;
    data.examples[0]!.query = evil;
    data.search!.rows[0]!.activation = evil;
    const page = await open(390, renderReport(data));
    expect(await page.title()).toBe(`${evil} · Handheld run`);
    expect(await page.locator("img").count()).toBe(0);
    await page.close();
  });

  it("ran without errors, messages or requests", () => expect(problems).toEqual([]));
});

/** Runs in the page: texts whose contrast with the nearest opaque background is below 4.5 (WCAG AA). */
function lowContrast(): string[] {
  const channels = (color: string) => color.match(/[\d.]+/g)!.map(Number);
  const luminance = (color: string) => {
    const [r, g, b] = channels(color).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const background = (element: Element | null): string => {
    if (element === null) return "rgb(255, 255, 255)";
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? background(element.parentElement) : color;
  };
  const bad = new Set<string>();
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent!.trim() !== "");
    if (!text || !(element instanceof HTMLElement) || element.tagName === "SCRIPT") continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
}
