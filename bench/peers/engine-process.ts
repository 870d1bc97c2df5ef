// A fresh Node process that measures one engine: started by ./run.ts, which sends the task and gets the report.
import type { EngineReport, EngineTask } from "./engines/engine.ts";
import { findEngine } from "./engines/registry.ts";
import { type MeasureOptions, measureModel } from "./measure.ts";

/** What the process is sent. */
export interface ProcessTask {
  engine: string;
  task: EngineTask;
  options: MeasureOptions;
}

/** What it answers. */
export type ProcessAnswer = { report: EngineReport } | { error: string };

process.once("message", async ({ engine, task, options }: ProcessTask) => {
  const answer = await measure(engine, task, options).catch((error: unknown): ProcessAnswer => {
    return { error: error instanceof Error ? error.message : String(error) };
  });
  process.send!(answer, () => process.exit(0)); // engines may leave threads behind
});

async function measure(engine: string, task: EngineTask, options: MeasureOptions): Promise<ProcessAnswer> {
  const { open } = findEngine(engine);
  if (typeof open === "string") throw new Error(`${engine} runs in a browser`);
  const started = performance.now();
  const model = await open(task);
  const loadMs = performance.now() - started;
  const speeds = await measureModel(model, options);
  return { report: { about: model.about, loadMs, speeds } };
}
