// The example page as a stranger would run it: its own server, a model directory, a click.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyTokenizer } from "../src/generate/tiny-model.case.ts";
import { saveModel } from "../src/model/save.ts";
import { randomTensors, tinySpec } from "../src/model/tiny.case.ts";
import { chromiumPath, launchChromium, noChromium } from "./support/chromium.ts";
import { saveRandomCallModel } from "./support/models.ts";

const program = new URL("../examples/browser/serve.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-example-"));
const servers: ChildProcess[] = [];
let browser: Browser;

/** Starts the example's server on a free port and returns its URL. */
function start(model: string): Promise<string> {
  const server = spawn(process.execPath, [program, model, "0"], { stdio: ["ignore", "pipe", "inherit"] });
  servers.push(server);
  return new Promise((resolve, reject) => {
    let out = "";
    server.stdout!.on("data", (chunk) => {
      out += chunk;
      const url = /^http:\S+$/m.exec(out);
      if (url) resolve(url[0]);
    });
    server.on("exit", () => reject(new Error(`the server ended: ${out}`)));
  });
}

describe.skipIf(chromiumPath === undefined)(`examples/browser (${noChromium})`, () => {
  beforeAll(async () => {
    await saveRandomCallModel(join(folder, "calls"));
    const tokenizer = tinyTokenizer();
    const spec = tinySpec({ vocabulary: tokenizer.size, context: 512 });
    await saveModel(join(folder, "text"), { spec, tensors: randomTensors(spec), tokenizer });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.kill();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["calls", /^\w+ \{.*\}\n[\s\S]*\d+ tokens in [\d.]+ ms$/, /calls of \d+ functions, from the network/],
    ["text", /\d+ tokens, [\d.]+ tok\/s$/, /f32, text, from the network/],
  ])("answers with a model for %s", async (model, answer, description) => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(await start(join(folder, model)));
    await page.locator("#send:enabled").click();
    await page.waitForFunction(() => /tok/.test(document.querySelector("#output")!.textContent!));
    await page.locator("#send:enabled").waitFor();
    expect(await page.locator("#output").textContent()).toMatch(answer);
    expect(await page.locator("#status").textContent()).toMatch(description);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("says what is missing where there is no model", async () => {
    const page = await browser.newPage();
    await page.goto(await start(join(folder, "nothing")));
    await page.waitForFunction(() => /no such file/.test(document.querySelector("#status")!.textContent!));
    expect(await page.locator("#send").isEnabled()).toBe(false);
    await page.close();
  });
});
