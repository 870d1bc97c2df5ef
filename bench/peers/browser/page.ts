// What the page does: measures one engine, in a worker as pages do that want to stay responsive, and reports the speeds.
import type { EngineReport, EngineTask } from "../engines/engine.ts";
import type { MeasureOptions } from "../measure.ts";

/** The engines that run in a page, by the name of their module in this folder. */
export type BrowserEngine = "handheld" | "wllama" | "onnx-web";

/** What a page is asked for. */
export interface PageTask {
  engine: BrowserEngine;
  task: EngineTask;
  options: MeasureOptions;
}

/** Measures an engine in a worker of its own. Called by the comparison through the browser's debugging interface. */
export function measureInPage(task: PageTask): Promise<EngineReport> {
  const worker = new Worker("/peers/browser/worker.ts", { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<{ report: EngineReport } | { error: string }>) => {
      if ("report" in data) resolve(data.report);
      else reject(new Error(data.error));
    };
    worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    worker.postMessage(task);
  });
}
