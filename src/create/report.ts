// Makes report.html of a finished run from its metrics.
import { writeFileAtomic } from "../io.ts";
import type { ReportData, SearchTable } from "../report/index.ts";
import { renderReport } from "../report/index.ts";
import type { TrainEvent } from "../train/types.ts";
import type { ArchitectureChoice } from "./architecture.ts";
import type { RunFolder } from "./run-folder.ts";
import type { CreateEvent } from "./types.ts";

type Kept = CreateEvent & { seconds: number };
type Event<T extends CreateEvent["type"]> = Extract<CreateEvent, { type: T }>;

/** Writes the report of a run whose metrics end with `done`; `config` is shown as it is. @throws HandheldError `io` */
export async function writeReport(folder: RunFolder, config: object): Promise<void> {
  const events = (await folder.metrics()) as unknown as Kept[];
  await writeFileAtomic(folder.path("report"), renderReport(reportData(events, config)));
}

function reportData(events: readonly Kept[], config: object): ReportData {
  const last = <T extends CreateEvent["type"]>(type: T) =>
    events.findLast((event) => event.type === type) as unknown as Event<T>;
  const { result } = last("done");
  const { summary } = last("data");
  const { evaluation } = events.findLast(
    (event) => event.type === "evaluated" && event.which === "int4",
  ) as Event<"evaluated">;
  // A resumed run does not search again: the table is that of the first part.
  const searched = events.findLast((event) => event.type === "architecture" && event.search !== null);
  return {
    name: result.name,
    date: new Date().toISOString(),
    headline: { ...result, int4Bytes: result.sizeBytes },
    data: summary,
    training: trainingCurve(events.flatMap((event) => (event.type === "train" ? [event.event] : []))),
    search: searched ? searchTable((searched as Event<"architecture">).search!) : null,
    examples: last("queries").answers.map(({ query, text, commands }) => ({
      query,
      calls: text,
      expected: null,
      correct: null,
      commands,
    })),
    functions: evaluation.functions.map(({ name, right, samples, confusedWith }) => ({
      name,
      samples,
      accuracy: right / samples,
      confusedWith,
    })),
    config: config as Readonly<Record<string, unknown>>,
    device: last("device").profile,
  };
}

function trainingCurve(events: readonly TrainEvent[]): ReportData["training"] {
  // Steps that were made again after an interruption appear once, as they were made last.
  const steps = new Map<number, number>();
  const validations = new Map<number, ReportData["training"]["validations"][number]>();
  let done: Extract<TrainEvent, { type: "done" }> | undefined;
  for (const event of events) {
    if (event.type === "step") steps.set(event.step, event.loss);
    else if (event.type === "done") done = event;
    else if (event.type === "validation") {
      const { accuracy = null, softAccuracy = null } = event.metrics as { accuracy?: number; softAccuracy?: number };
      validations.set(event.step, { step: event.step, loss: event.loss, accuracy, softAccuracy });
    }
  }
  return {
    loss: Array.from(steps, ([step, loss]) => ({ step, loss })).sort((a, b) => a.step - b.step),
    validations: [...validations.values()].sort((a, b) => a.step - b.step),
    seconds: done?.elapsedSeconds ?? 0,
    tokensPerSecond: done?.tokensPerSecond ?? 0,
    gflops: done?.gflops ?? 0,
  };
}

function searchTable({ space, rule, rows, chosen }: ArchitectureChoice): SearchTable {
  const same = JSON.stringify(chosen.spec);
  return {
    space: space.description,
    size: space.size,
    rule,
    rows: rows.map(({ spec, parameters, relativeLoss, requestSeconds, ...speeds }) => ({
      ...spec,
      parameters,
      relativeLoss: relativeLoss.value,
      decodeTokensPerSecond: speeds.decodeTokensPerSecond,
      prefillTokensPerSecond: speeds.prefillTokensPerSecond,
      requestSeconds,
      chosen: JSON.stringify(spec) === same,
    })),
  };
}
