// The parts of handheld eval that ask a model: --tasks, --suite and --needle under a progress line.
import { ioError } from "../../errors.ts";
import type { ModelToEvaluate, Sample } from "../../eval/evaluate.ts";
import type { Evaluation, NeedleResult } from "../../eval/result.ts";
import type { Suite } from "../../eval/suites.ts";
import type { Definition, TaskCatalogue } from "../../eval/tasks/catalogue.ts";
import { pathExists } from "../../io.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";
import type { Progress } from "../progress.ts";

/** What these two take of the command line. */
export interface TaskLine {
  tasks: string | undefined;
  suite: string | undefined;
  shots: number[] | undefined;
  limit: number | undefined;
  taskFolder: string | undefined;
  data: string | undefined;
  truncate: boolean;
  work: string;
  resume: boolean;
  lengths: number[] | undefined;
  depths: number[];
  seed: number;
}

/** The tasks of a command line, and what they are limited to. */
export interface ChosenTasks {
  /** As the record names it: the name that its file states. */
  suite: string | null;
  tasks: Definition[];
  limit: number | undefined;
}

/** Finds the tasks that are meant. @throws UsageError where there is none, HandheldError for unknown names */
export async function chooseTasks(line: TaskLine): Promise<ChosenTasks> {
  const { suiteTasks, loadSuite } = await import("../../eval/suites.ts");
  const suite: Suite | null = line.suite === undefined ? null : await loadSuite(line.suite);
  const catalogue = await catalogueOf(line);
  const listed = (line.tasks ?? "").split(",").filter((name) => name !== "" && !isFile(name));
  const files = (line.tasks ?? "").split(",").filter(isFile);
  const tasks = [
    ...(suite ? suiteTasks(suite, catalogue) : []),
    ...listed.flatMap((name) => catalogue.find(name.trim())),
    ...(await Promise.all(files.map(fromFile))).flat(),
  ];
  if (tasks.length === 0) throw new UsageError("--tasks names no task");
  return { suite: suite?.suite ?? null, tasks, limit: line.limit ?? suite?.limit };
}

/** Runs tasks on a model; `onSample` is told each question. */
export async function runTasks(
  model: ModelToEvaluate,
  { tasks, limit }: ChosenTasks,
  line: TaskLine,
  io: CommandIo,
  onSample: (sample: Sample) => void,
): Promise<Evaluation> {
  const { evaluateTasks } = await import("../../eval/evaluate.ts");
  let progress: Progress | null = null;
  const evaluation = await evaluateTasks(model, tasks, {
    shots: line.shots,
    limit,
    folder: line.data,
    truncate: line.truncate,
    seed: line.seed,
    journal: { folder: line.work, fresh: !line.resume },
    signal: io.signal,
    hub: { signal: io.signal },
    onTask: (name, shots, done, total) => {
      progress?.finish();
      progress = io.progress(`${name}, ${shots} shots (${done + 1} of ${total})`, { unit: "tokens" });
    },
    onProgress: (done, total) => progress?.update(done, "", total),
    onSample,
  });
  (progress as Progress | null)?.finish();
  return evaluation;
}

/** Runs the needle in a haystack. */
export async function runNeedle(model: ModelToEvaluate, line: TaskLine, io: CommandIo): Promise<NeedleResult> {
  const { evaluateNeedle } = await import("../../eval/needle.ts");
  const progress = io.progress("Needle in a haystack", { unit: "tokens" });
  const result = await evaluateNeedle(model, {
    lengths: line.lengths,
    depths: line.depths.map((percent) => percent / 100),
    seed: line.seed,
    journal: { folder: line.work, fresh: !line.resume },
    signal: io.signal,
    onProgress: (done, total) => progress.update(done, "", total),
  });
  progress.finish();
  return result;
}

async function catalogueOf({ taskFolder }: TaskLine): Promise<TaskCatalogue> {
  const { loadCatalogue } = await import("../../eval/tasks/catalogue.ts");
  const { shippedTasks } = await import("../../eval/shipped.ts");
  return loadCatalogue(taskFolder === undefined ? [shippedTasks] : [shippedTasks, taskFolder]);
}

function isFile(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

async function fromFile(path: string) {
  const { loadTaskFile } = await import("../../eval/tasks/catalogue.ts");
  if (!(await pathExists(path))) throw ioError("read", path, { code: "ENOENT" });
  const { catalogue, name } = await loadTaskFile(path);
  return catalogue.find(name);
}
