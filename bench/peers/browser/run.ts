// Measures one engine in a browser that is started for it and closed behind it.
import type { Spec } from "../../../src/spec/spec.ts";
import { launchChromium } from "../../../test/support/chromium.ts";
import type { EngineReport } from "../engines/engine.ts";
import type { MeasureOptions } from "../measure.ts";
import type { BrowserEngine, measureInPage, PageTask } from "./page.ts";
import { servePage } from "./server.ts";

/** What to measure. `file`: name of the model's file in the folder `models`, or nothing. */
export interface BrowserTask {
  spec: Spec;
  threads: number;
  file: string;
  models: string;
  options: MeasureOptions;
}

/** Serves the page, opens it in a fresh Chromium and measures there. @throws Error with the page's message */
export async function measureInBrowser(
  engine: BrowserEngine,
  { spec, threads, file, models, options }: BrowserTask,
  signal: AbortSignal,
): Promise<EngineReport> {
  const server = await servePage(models);
  const browser = await launchChromium();
  const stop = () => void browser.close();
  signal.addEventListener("abort", stop);
  try {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/peers/browser/page.html`);
    await page.waitForFunction(() => "measureInPage" in window);
    const model = file === "" ? "" : `${server.origin}/models/${file}`;
    const task: PageTask = { engine, task: { spec, model, threads }, options };
    return await Promise.race([
      page.evaluate((sent) => (window as unknown as { measureInPage: typeof measureInPage }).measureInPage(sent), task),
      new Promise<never>((_, reject) => page.on("crash", () => reject(new Error("the page crashed: out of memory?")))),
    ]);
  } finally {
    signal.removeEventListener("abort", stop);
    await browser.close();
    server.close();
  }
}
