// The worker of the page: loads the engine that it is told, measures it and sends the speeds.
import type { OpenEngine } from "../engines/engine.ts";
import { measureModel } from "../measure.ts";
import type { PageTask } from "./page.ts";

self.onmessage = async ({ data }: MessageEvent<PageTask>) => {
  try {
    const { open }: { open: OpenEngine } = await import(`./${data.engine}.ts`);
    const started = performance.now();
    const model = await open(data.task);
    const loadMs = performance.now() - started;
    const speeds = await measureModel(model, data.options);
    self.postMessage({ report: { about: model.about, loadMs, speeds } });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
};
