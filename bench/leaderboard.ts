// The leaderboard with many made-up records: how large the site is, how soon the first page is painted, and how long a filter
// and a sort take in Chromium, from the event to the next frame.
//
//   node bench/leaderboard.ts [--records 1000] [--models 77]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { formatTable } from "../src/cli/table.ts";
import { formatBytes, significant } from "../src/format.ts";
import { createSite, publishedTables, readAssets, siteFiles, writeSite } from "../src/leaderboard/index.ts";
import { madeUpRecords } from "../src/leaderboard/records.case.ts";
import { launchChromium } from "../test/support/chromium.ts";

const { values } = parseArgs({ options: { records: { type: "string" }, models: { type: "string" } } });
const count = Number(values.records ?? 1000);
const folder = mkdtempSync(join(tmpdir(), "handheld-leaderboard-"));
const browser = await launchChromium();
try {
  const started = performance.now();
  const records = madeUpRecords({ count, ...(values.models === undefined ? {} : { models: Number(values.models) }) });
  const made = performance.now();
  const options = { title: "Made-up records", builtAt: new Date().toISOString() };
  const { site, details } = createSite(records, publishedTables, options);
  const files = siteFiles(site, details, await readAssets());
  await writeSite(join(folder, "site"), files);
  console.log(
    `${count} records made up in ${ms(made - started)}, ${site.rows.length} rows, built in ${ms(performance.now() - made)}`,
  );
  const sizes = [...files].map(([name, text]) => [name, Buffer.byteLength(text)] as const);
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(sizes.map(([name, bytes]) => `${name} ${formatBytes(bytes)}`).join(", "));
  const rows = [["size of the site", formatBytes(total), ""], ...(await measure(browser))];
  const columns = [{ title: "what" }, { title: "median", numeric: true }, { title: "largest", numeric: true }];
  console.log(`\n${formatTable(columns, rows)}\n  ${browser.version()}, 1280 × 900, from a file: address`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

async function measure(browser: Browser): Promise<string[][]> {
  const paints: number[] = [];
  const ready: number[] = [];
  const kinds: number[] = [];
  const filters: number[] = [];
  const charts: number[] = [];
  const sorts: number[] = [];
  for (let i = 0; i < 7; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.addInitScript(addTools);
    await page.goto(`${pathToFileURL(folder).href}/site/index.html`);
    await page.locator("#tradeoff").waitFor();
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    const [paint, end] = await page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0]!.startTime,
      (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming).loadEventEnd,
    ]);
    paints.push(paint!);
    ready.push(end!);
    await settled(page);
    for (const text of ["s", "sm", "smol", "smollm laptop", "", "int8", "pythia", ""])
      filters.push(await type(page, text));
    await settled(page);
    for (const kind of ["measured", "published", "both"]) kinds.push(await choose(page, kind));
    for (const kind of ["measured", "both"]) {
      await settled(page);
      charts.push(await page.evaluate((value) => timedCharts(() => set("#kind", value)), kind));
    }
    await settled(page);
    for (const key of ["decode", "memoryBytes", "model", "model"]) sorts.push(await sort(page, key));
    await page.close();
  }
  const row = (name: string, times: number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    return [name, ms(sorted[sorted.length >> 1]!), ms(sorted.at(-1)!)];
  };
  return [
    row("first contentful paint", paints),
    row("page and its charts complete", ready),
    row("filter by text, to the next frame", filters),
    row("filter by kind, to the next frame", kinds),
    row("filter by kind, until the charts have followed", charts),
    row("sort, to the next frame", sorts),
  ];
}

/** Charts that an earlier act called for are drawn. */
function settled(page: Page): Promise<void> {
  return page.waitForTimeout(400);
}

function type(page: Page, text: string): Promise<number> {
  return page.evaluate((value) => timed(() => set("#search", value)), text);
}

function choose(page: Page, kind: string): Promise<number> {
  return page.evaluate((value) => timed(() => set("#kind", value)), kind);
}

function sort(page: Page, key: string): Promise<number> {
  return page.evaluate(
    (name) => timed(() => document.querySelector<HTMLElement>(`[data-sort="${name}"]`)!.click()),
    key,
  );
}

declare global {
  /** Milliseconds from before an act to after the frame that shows what it did. */
  function timed(act: () => void): Promise<number>;
  /** The same until the charts have followed. */
  function timedCharts(act: () => void): Promise<number>;
  /** Changes a field as a reader would. */
  function set(field: string, value: string): void;
}

/** Runs in the page. */
function addTools(): void {
  globalThis.timed = async (act) => {
    const start = performance.now();
    act();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  };
  globalThis.timedCharts = async (act) => {
    const start = performance.now();
    act();
    await new Promise<void>((resolve) => {
      new MutationObserver((_, observer) => {
        observer.disconnect();
        resolve();
      }).observe(document.querySelector("#trend-place")!, { childList: true });
    });
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  };
  globalThis.set = (field, value) => {
    const element = document.querySelector<HTMLInputElement>(field)!;
    element.value = value;
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
}

function ms(value: number): string {
  return `${significant(value)} ms`;
}
