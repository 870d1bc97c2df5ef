// Calibrates a browser, and verifies predictions in it: a page of our own, a worker in it, the profile back.
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { CalibrationOptions, LatencyProfile, VerifiedCandidate, VerifyOptions } from "../../src/search/index.ts";
import type { Spec } from "../../src/spec/spec.ts";
import { launchChromium } from "./chromium.ts";
import { serve } from "./server.ts";

/** What the worker does; options without functions, for they are posted to it. */
export interface LatencyTask {
  threads: number;
  calibration: Pick<CalibrationOptions, "seconds" | "acceptUnsteady" | "weightBytes" | "models">;
  specs: Spec[];
  verification: Pick<VerifyOptions, "prompt" | "context" | "rounds" | "patienceSeconds">;
}

/** What the worker posts. */
export type WorkerMessage =
  | { type: "progress"; what: string; done: number }
  | { type: "failed"; message: string }
  | { type: "done"; profile: LatencyProfile; results: VerifiedCandidate[] };

const root = new URL("../..", import.meta.url).pathname;

/** Runs a task in Chromium. @throws Error with the worker's message */
export async function runInChromium(task: LatencyTask): Promise<Extract<WorkerMessage, { type: "done" }>> {
  const folder = mkdtempSync(join(tmpdir(), "handheld-latency-page-"));
  await bundle(folder);
  const server = await serve({ "/": folder });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/page.html`);
    const last = await page.evaluate(
      (given) =>
        new Promise<WorkerMessage>((resolve) => {
          const worker = new Worker("/latency.js", { type: "module" });
          worker.onmessage = ({ data }) => data.type !== "progress" && resolve(data);
          worker.onerror = ({ message }) => resolve({ type: "failed", message });
          worker.postMessage(given);
        }),
      task,
    );
    if (last.type !== "done") throw new Error(`in Chromium: ${last.type === "failed" ? last.message : last.type}`);
    return last;
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

// The kernels and their worker lie beside the bundle, as they do beside the engine.
async function bundle(folder: string): Promise<void> {
  await build({
    entryPoints: { latency: join(root, "test/support/latency-worker.ts") },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    external: ["node:*"],
    logLevel: "error",
  });
  const built = join(root, "dist/browser");
  for (const file of readdirSync(built)) {
    if (/^(worker\.js|.*\.wasm)$/.test(file)) copyFileSync(join(built, file), join(folder, file));
  }
  writeFileSync(join(folder, "page.html"), "<!doctype html><title>latency</title>");
}
