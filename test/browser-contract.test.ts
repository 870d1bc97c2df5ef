// The kernels' contracts in Chromium: src/kernels/contract.test.ts as it is, bundled for a worker of a page, with and
// without cross-origin isolation.
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestResult } from "./support/browser-suite.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";
import { serve } from "./support/server.ts";

const root = new URL("..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-contract-"));
let browser: Browser;

// The kernels and their worker lie beside the bundle, as they do beside the engine.
async function bundleContract(): Promise<void> {
  const suite = join(root, "test/support/browser-suite.ts");
  const contract = join(root, "src/kernels/contract.test.ts");
  await build({
    stdin: {
      contents: `import { run } from "vitest"; import ${JSON.stringify(contract)};
        run().then((results) => postMessage(results), (error) => postMessage(String(error)));`,
      resolveDir: root,
    },
    outfile: join(folder, "contract.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    alias: { vitest: suite },
    external: ["node:*"],
    define: { "process.env.REQUIRE_DEVICES": "undefined" },
    logLevel: "error",
  });
  const built = join(root, "dist/browser");
  for (const file of readdirSync(built)) {
    if (/^(worker\.js|.*\.wasm)$/.test(file)) copyFileSync(join(built, file), join(folder, file));
  }
  writeFileSync(join(folder, "page.html"), "<!doctype html><title>contracts</title>");
}

async function runContract(isolated: boolean): Promise<TestResult[]> {
  const server = await serve({ "/": folder }, { isolated });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/page.html`);
    const results = await page.evaluate(
      () =>
        new Promise<TestResult[] | string>((resolve) => {
          const worker = new Worker("/contract.js", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve(`the worker failed: ${message}`);
        }),
    );
    await page.close();
    if (typeof results === "string") throw new Error(results);
    return results;
  } finally {
    await server.close();
  }
}

const variantOf = ({ title }: TestResult) => title.split(" > ")[0]!;
const shared = [
  "relaxed SIMD, 2 threads",
  "relaxed SIMD, 1 thread",
  "relaxed SIMD without a dot product, 1 thread",
  "relaxed SIMD without vectors of 256 bits, 2 threads",
  "relaxed SIMD with tiles for 256 bits everywhere, 1 thread",
  "SIMD128, 2 threads",
];
const unshared = ["relaxed SIMD, unshared memory", "SIMD128, unshared memory"];

describe.skipIf(chromiumPath === undefined)(`kernel contracts in Chromium (${noChromium})`, () => {
  beforeAll(async () => {
    await bundleContract();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["isolated", [...shared, ...unshared], []],
    ["not isolated", unshared, shared],
  ])(
    "hold on a page that is %s, on all variants that it can run",
    async (how, runs, skips) => {
      const results = await runContract(how === "isolated");
      expect(results.filter(({ error }) => error !== null)).toEqual([]);
      const skipped = results.filter((result) => result.skipped !== null);
      expect(skipped.map(variantOf)).toEqual(skips);
      for (const { skipped: reason } of skipped) expect(reason).toBe("memory cannot be shared here");
      const ran = results.filter((result) => result.skipped === null);
      expect([...new Set(ran.map(variantOf))]).toEqual(runs);
      const counts = runs.map((variant) => ran.filter((result) => variantOf(result) === variant).length);
      expect(new Set(counts).size).toBe(1); // the same tests on each
      expect(counts[0]).toBeGreaterThan(30);
    },
    300_000,
  );
});
