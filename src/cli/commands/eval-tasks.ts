// handheld eval --tasks, --suite and --needle: runs the tasks, shows a table, and gives the result as data.
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { HandheldError, ioError } from "../../errors.ts";
import type { ModelToEvaluate, Sample } from "../../eval/evaluate.ts";
import type { Evaluation, NeedleResult, TaskResult } from "../../eval/result.ts";
import type { TaskCatalogue } from "../../eval/tasks/catalogue.ts";
import { formatCount, formatDuration, significant } from "../../format.ts";
import { pathExists } from "../../io.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";
import type { Progress } from "../progress.ts";
import { formatTable } from "../table.ts";

/** What these two take of the command line. */
export interface TaskLine {
  model: string;
  tasks: string | undefined;
  suite: string | undefined;
  shots: number[] | undefined;
  limit: number | undefined;
  taskFolder: string | undefined;
  data: string | undefined;
  samples: string | undefined;
  weights: "auto" | "f32" | "int8" | "int4";
  batch: number;
  truncate: boolean;
  work: string;
  resume: boolean;
  lengths: number[] | undefined;
  depths: number[];
  threads: number | undefined;
  seed: number;
}

/** Runs tasks on a model. */
export async function runTasks(line: TaskLine, io: CommandIo): Promise<void> {
  const { evaluateTasks } = await import("../../eval/evaluate.ts");
  const { suiteTasks, loadSuite } = await import("../../eval/suites.ts");
  const suite = line.suite === undefined ? null : await loadSuite(line.suite);
  const catalogue = await catalogueOf(line);
  const listed = (line.tasks ?? "").split(",").filter((name) => name !== "" && !isFile(name));
  const files = (line.tasks ?? "").split(",").filter(isFile);
  const tasks = [
    ...(suite ? suiteTasks(suite, catalogue) : []),
    ...listed.flatMap((name) => catalogue.find(name.trim())),
    ...(await Promise.all(files.map(fromFile))).flat(),
  ];
  if (tasks.length === 0) throw new UsageError("--tasks names no task");
  const samples = line.samples === undefined ? null : sampleWriter(line.samples);
  let progress: Progress | null = null;
  await withModel(line, io, async (model) => {
    const evaluation = await evaluateTasks(model, tasks, {
      shots: line.shots,
      limit: line.limit ?? suite?.limit,
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
      onSample: samples?.write,
    });
    progress?.finish();
    await samples?.close();
    showEvaluation(evaluation, io);
    io.result(evaluation);
    const { tasks: results } = evaluation;
    const [first] = results;
    if (first?.error && results.every(({ error }) => error)) {
      throw new HandheldError("invalid-data", `no task could be run; the first: ${first.error.message}`);
    }
  });
}

/** Runs the needle in a haystack. */
export async function runNeedle(line: TaskLine, io: CommandIo): Promise<void> {
  const { evaluateNeedle } = await import("../../eval/needle.ts");
  await withModel(line, io, async (model) => {
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
    showNeedle(result, io);
    io.result(result);
  });
}

async function withModel(line: TaskLine, io: CommandIo, use: (model: ModelToEvaluate) => Promise<void>): Promise<void> {
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadModel } = await import("../../model/load.ts");
  const { hashModel } = await import("../../eval/model-hash.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    const model = await loadModel(backend, line.model, { format: line.weights, chunk: line.batch });
    const hash = await hashModel(line.model);
    io.print(`model    ${line.model}, ${model.format} weights`);
    await use({ ...model, name: line.model, hash });
  } finally {
    await backend.close();
  }
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

/** Writes samples to a file as they come, a JSON object a line. */
function sampleWriter(path: string): { write: (sample: Sample) => void; close: () => Promise<void> } {
  const file: WriteStream = createWriteStream(path);
  const done = finished(file);
  done.catch(() => {}); // told by close
  return {
    write: (sample) => void file.write(`${JSON.stringify(sample)}\n`),
    async close() {
      file.end();
      await done.catch((cause) => {
        throw ioError("write", path, cause);
      });
    },
  };
}

function showEvaluation({ tasks, tokens, seconds }: Evaluation, io: CommandIo): void {
  const columns = [
    { title: "task" },
    { title: "version", numeric: true },
    { title: "shots", numeric: true },
    { title: "metric" },
    { title: "" },
    { title: "value", numeric: true },
    { title: "± stderr", numeric: true },
    { title: "n", numeric: true },
  ];
  io.print(formatTable(columns, tasks.flatMap(rowsOf)));
  for (const { name, error } of tasks) if (error) io.warn(`${name} was not run: ${error.message}`);
  for (const { name, truncated } of tasks) {
    if (truncated > 0)
      io.warn(`${name}: ${truncated} questions lost their beginning, being longer than the model's context`);
  }
  const saved = tokens.computed > 0 ? `; ${formatCount(tokens.shared)} more were shared` : "";
  io.print(`${formatCount(tokens.computed)} tokens in ${formatDuration(seconds)}${saved}`);
}

function rowsOf({ name, kind, version, shots, n, metrics, error }: TaskResult): string[][] {
  const title = kind === "group" ? `${name} (group)` : name;
  if (error) return [[title, String(version), String(shots), "not run", "", "", "", ""]];
  return Object.entries(metrics).map(([metric, { value, stderr, higherIsBetter }]) => [
    title,
    String(version),
    String(shots),
    metric,
    higherIsBetter ? "↑" : "↓",
    value === null ? "-" : significant(value, 4),
    stderr === null ? "-" : significant(stderr, 2),
    String(n),
  ]);
}

/** A heat map per kind: lengths down, depths across. */
function showNeedle({ cells, config }: NeedleResult, io: CommandIo): void {
  for (const kind of new Set(cells.map((cell) => cell.kind))) {
    const own = cells.filter((cell) => cell.kind === kind);
    const depths = [...new Set(own.map(({ depth }) => depth))];
    const columns = [
      { title: `${kind}: tokens` },
      ...depths.map((depth) => ({ title: `${Math.round(depth * 100)} %`, numeric: true })),
    ];
    const rows = [...new Set(own.map(({ length }) => length))].map((length) => [
      String(length),
      ...depths.map((depth) => own.find((cell) => cell.length === length && cell.depth === depth)!.score.toFixed(2)),
    ]);
    io.print(formatTable(columns, rows));
  }
  io.print(`share of the hidden facts that were found, 0..1, higher is better; ${config.samples} texts per cell`);
}
