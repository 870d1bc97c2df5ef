// Measures one engine with one shape: in a Node process of its own, or in a browser of its own.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { chromiumPath, launchChromium, noChromium } from "../../test/support/chromium.ts";
import { measureInBrowser } from "./browser/run.ts";
import type { ProcessAnswer, ProcessTask } from "./engine-process.ts";
import type { EngineReport } from "./engines/engine.ts";
import type { Engine } from "./engines/registry.ts";
import type { MeasureOptions } from "./measure.ts";
import { shapeSpec } from "./shapes.ts";
import { modelFileName } from "./weights/files.ts";

/** What to measure an engine with. */
export interface RunTask {
  shape: string;
  threads: number;
  /** Folder of the model files. */
  models: string;
  options: MeasureOptions;
  signal: AbortSignal;
}

// No engine and shape takes longer than a quarter of this on the machine the first results are from.
const timeoutMs = 60 * 60 * 1000;

/** Runs an engine. @throws Error with the engine's own message when it fails, or takes more than an hour */
export async function runEngine(engine: Engine, task: RunTask): Promise<EngineReport> {
  const file = engine.file === null ? "" : modelFileName(task.shape, engine.file);
  const spec = shapeSpec(task.shape);
  const { threads, models, options } = task;
  const signal = AbortSignal.any([task.signal, AbortSignal.timeout(timeoutMs)]);
  if (typeof engine.open === "string") {
    if (chromiumPath === undefined) throw new Error(noChromium);
    return measureInBrowser(engine.open, { spec, threads, file, models, options }, signal);
  }
  const model = file === "" ? "" : `${models}/${file}`;
  return inProcess({ engine: engine.name, task: { spec, model, threads }, options }, signal);
}

function inProcess(task: ProcessTask, signal: AbortSignal): Promise<EngineReport> {
  const script = fileURLToPath(new URL("./engine-process.ts", import.meta.url));
  const child = fork(script, { stdio: ["ignore", "ignore", "pipe", "ipc"], signal, killSignal: "SIGKILL" });
  let complaints = "";
  child.stderr!.on("data", (text: Buffer) => {
    complaints = (complaints + text).slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("message", (answer: ProcessAnswer) => {
      if ("report" in answer) resolve(answer.report);
      else reject(new Error(answer.error));
    });
    child.on("exit", (code, killed) => {
      const last = complaints.trim().split("\n").at(-1) || "it said nothing";
      reject(new Error(`its process ended with ${killed ?? code} (${last})`));
    });
    child.send(task);
  });
}

/** The browser's name and version, or null where there is none. */
export async function browserVersion(): Promise<string | null> {
  if (chromiumPath === undefined) return null;
  const browser: Browser = await launchChromium();
  try {
    return browser.version();
  } finally {
    await browser.close();
  }
}
