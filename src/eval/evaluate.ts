// Capability: runs tasks on a model and gives the metrics with their standard errors. A task that cannot be run is an error
// in the result, the others go on; what is finished survives the process.
import { createHash } from "node:crypto";
import { HandheldError } from "../errors.ts";
import type { TextModel } from "../generate/generate.ts";
import type { KvFormat } from "../kernels/backend.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { type Asked, askTask } from "./ask.ts";
import { groupResult } from "./groups.ts";
import { type Journal, memoryJournal, openJournal } from "./journal.ts";
import {
  type EvaluatedModel,
  type Evaluation,
  type EvaluationConfig,
  evaluationVersion,
  type Metric,
  type TaskResult,
} from "./result.ts";
import { QuestionEncoder } from "./scoring/encode.ts";
import { aggregate, standardError } from "./tasks/aggregate.ts";
import type { Definition, TaskDefinition } from "./tasks/catalogue.ts";
import { type PreparedTask, type PrepareOptions, prepareTask, shotsOf } from "./tasks/prepare.ts";
import type { SampleValue } from "./tasks/twins.ts";

/** The model, with what says which one it is. */
export interface ModelToEvaluate extends TextModel {
  /** As the result names it. */
  name: string;
  /** See hashModel; null: the model has no files, and nothing can be resumed. */
  hash: string | null;
  /** Number format of the matrices. */
  format: string;
}

/** One document of a task, for the per-sample file. */
export interface Sample {
  task: string;
  shots: number;
  /** Which of the task's filters the answers went through. A document is told once for each. */
  filter: string;
  /** Index in the split. */
  index: number;
  row: unknown;
  target: unknown;
  requests: unknown;
  /** Before filters: of each request, of each repeat. */
  answers: unknown;
  metrics: Record<string, SampleValue>;
}

/** Options of {@link evaluateTasks}. */
export interface EvaluateOptions extends Omit<PrepareOptions, "shots"> {
  /** Worked examples before each question; each task is run once with each number. Default: the task's own. */
  shots?: readonly number[] | undefined;
  /** Number format of the KV cache. Default f32, which changes nothing. */
  kv?: KvFormat | undefined;
  /** Longest sequence, at most the model's. Default: the model's. */
  context?: number | undefined;
  /** Cut off the beginning of what is too long; else that is an error of the task. Default false. */
  truncate?: boolean | undefined;
  /** Seed of sampled answers. Default 1. */
  seed?: number | undefined;
  /** Resamples for standard errors without a formula. Default 100,000, as in lm-evaluation-harness. */
  bootstrap?: number | undefined;
  /** Where finished work is kept, and whether what is there is used (default) or forgotten. */
  journal?: { folder: string; fresh?: boolean } | undefined;
  signal?: AbortSignal | undefined;
  /** A task begins; `done` and `total` count the tasks. */
  onTask?: ((name: string, shots: number, done: number, total: number) => void) | undefined;
  /** Tokens done and in all of the task that runs. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  onSample?: ((sample: Sample) => void) | undefined;
}

/**
 * Evaluates tasks and groups of them.
 *
 * @throws HandheldError `aborted`, `invalid-option`; what is wrong with one task is in its result
 * @example
 * ```ts
 * const catalogue = await loadCatalogue([shippedTasks]);
 * const evaluation = await evaluateTasks(model, catalogue.find("piqa"), { shots: [0, 5], folder: "data" });
 * ```
 */
export async function evaluateTasks(
  model: ModelToEvaluate,
  tasks: readonly Definition[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const startedAt = new Date();
  const config = configOf(model, options);
  const tokens = { computed: 0, shared: 0 };
  const results: TaskResult[] = [];
  const runs = new Map<string, Run>();
  for (const shots of config.shots ?? [null]) {
    for (const task of tasks.flatMap(leavesOf)) {
      // A task that stays at its own shots is one result, however many were asked for.
      const key = resultKey(task, shots);
      if (!runs.has(key)) runs.set(key, { task, shots });
    }
  }
  const check = rowsCheck();
  for (const [i, run] of [...runs.values()].entries()) {
    options.onTask?.(run.task.name, shotsOf(run.task.config, run.shots ?? undefined), i, runs.size);
    const { result, used } = await runTask(model, run, config, options, check);
    tokens.computed += used.computed;
    tokens.shared += used.shared;
    results.push(result);
  }
  const averages = tasks.flatMap((task) => groupResults(task, results, config.shots ?? [null]));
  const groups = new Map(averages.map((group) => [`${group.name}/${group.shots}`, group])).values();
  return {
    version: evaluationVersion,
    model: identityOf(model),
    spec: { ...model.spec },
    config,
    tasks: [...results, ...groups],
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    tokens,
  };
}

function configOf(model: ModelToEvaluate, options: EvaluateOptions): EvaluationConfig {
  const { context = model.spec.context, truncate = false, kv = "f32", seed = 1 } = options;
  if (!Number.isInteger(context) || context < 1 || context > model.spec.context) {
    throw new HandheldError(
      "invalid-option",
      `context must be from 1 to the model's ${model.spec.context}, got ${context}`,
    );
  }
  const { prefixToken } = new QuestionEncoder({ tokenizer: model.tokenizer, context, truncate });
  const shots = options.shots ? [...options.shots] : null;
  return { limit: options.limit ?? null, shots, weights: model.format, kv, prefixToken, context, truncate, seed };
}

function identityOf({ name, hash, spec }: ModelToEvaluate): EvaluatedModel {
  return { name, hash, parameters: countParameters(spec).total };
}

/** Which result a task gives where `shots` are asked for. */
function resultKey({ name, config }: TaskDefinition, shots: number | null): string {
  return `${name}/${shotsOf(config, shots ?? undefined)}`;
}

function leavesOf(definition: Definition): TaskDefinition[] {
  return definition.kind === "task" ? [definition] : definition.members.flatMap(leavesOf);
}

function groupResults(
  definition: Definition,
  results: readonly TaskResult[],
  shots: readonly (number | null)[],
): TaskResult[] {
  if (definition.kind === "task") return [];
  const inner = definition.members.flatMap((member) => groupResults(member, results, shots));
  const leaves = leavesOf(definition);
  const own = shots.flatMap((wanted) => {
    const keys = new Set(leaves.map((task) => resultKey(task, wanted)));
    const parts = results.filter(({ name, shots }) => keys.has(`${name}/${shots}`));
    return groupResult(definition, parts, wanted);
  });
  return [...inner, ...own];
}

/** A task at a number of shots; null: its own. */
interface Run {
  task: TaskDefinition;
  shots: number | null;
}

/**
 * Refuses a task that found the rows of another configuration of its data set: a folder that has one file for all of them
 * would give every subject of MMLU the same questions.
 */
function rowsCheck(): (task: PreparedTask) => void {
  const found = new Map<string, { name: string; configuration: string | null | undefined }>();
  return ({ name, path, config: { dataset_path: dataset, dataset_name: configuration }, documents }) => {
    const key = JSON.stringify([dataset, documents.length, documents[0]?.row]);
    const other = found.get(key);
    if (other === undefined || other.configuration === configuration) found.set(key, { name, configuration });
    else {
      const reason = `the rows of ${name} are those of ${other.name}, which asks another configuration of ${dataset}`;
      const fix = `put its files below a folder named ${configuration}`;
      throw new HandheldError("invalid-data", `${path}: ${reason}; ${fix}`);
    }
  };
}

interface TaskRun {
  result: TaskResult;
  used: Asked["tokens"];
}

/** One task; what is wrong with it is in the result. */
async function runTask(
  model: ModelToEvaluate,
  { task, shots }: Run,
  config: EvaluationConfig,
  options: EvaluateOptions,
  check: (task: PreparedTask) => void,
): Promise<TaskRun> {
  const empty = {
    name: task.name,
    kind: "task" as const,
    version: task.config.metadata?.version ?? 0,
    hash: "",
    truncated: 0,
  };
  try {
    const prepared = await prepareTask(task, { ...options, shots: shots ?? undefined });
    check(prepared);
    const journal = await journalOf(model, prepared, config, options);
    const { kv = "f32", signal, onProgress } = options;
    const asked = await askTask(model, prepared, { ...config, kv, journal, signal, onProgress });
    return { result: await resultOf(prepared, asked, options), used: asked.tokens };
  } catch (error) {
    if (!(error instanceof HandheldError) || error.code === "aborted") throw error;
    const used = { computed: 0, shared: 0 };
    const failed = { code: error.code, message: error.message };
    return {
      result: { ...empty, shots: shotsOf(task.config, shots ?? undefined), n: 0, metrics: {}, error: failed },
      used,
    };
  }
}

/** Changes when the same questions could get other answers: how texts are cut, or a model is run. */
const engineVersion = 1;

async function journalOf(
  { hash, format }: ModelToEvaluate,
  task: PreparedTask,
  { kv, context, truncate, prefixToken, seed }: EvaluationConfig,
  { journal }: EvaluateOptions,
): Promise<Journal> {
  if (!journal || hash === null) return memoryJournal();
  const parts = [engineVersion, hash, format, kv, context, truncate, prefixToken, seed, task.version, task.hash];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
  const name = `${task.name.replace(/[^\w.-]+/g, "-").slice(0, 80)}-${key}`;
  return openJournal(journal.folder, name, journal.fresh);
}

async function resultOf(
  task: PreparedTask,
  { answers, truncated }: Asked,
  options: EvaluateOptions,
): Promise<TaskResult> {
  const metrics: Record<string, Metric> = {};
  for (const filter of task.filters) {
    const values = task.documents.map(({ row, requests }, index) => {
      const own = answers[index]!;
      const found = task.metrics.values(
        row,
        own.map((repeats) => filter.apply(repeats, row)),
      );
      const shown = requests.map((request) => ({ ...request }));
      const target = task.config.doc_to_target ? task.fields.target(row) : null;
      options.onSample?.({
        task: task.name,
        shots: task.shots,
        filter: filter.name,
        index,
        row,
        target,
        requests: shown,
        answers: own,
        metrics: found,
      });
      return found;
    });
    for (const { name, aggregation, higherIsBetter } of task.metrics.rules) {
      const items = values.map((found) => found[name]).filter((value) => value !== undefined);
      if (items.length === 0) continue;
      const value = finite(aggregate(aggregation, items));
      const stderr = finite(await standardError(aggregation, items, options.bootstrap ?? 100_000));
      metrics[metricKey(name, filter.name)] = { value, stderr, higherIsBetter, aggregation };
    }
  }
  const { name, version, hash, shots } = task;
  return { name, kind: "task", version, hash, shots, n: task.documents.length, metrics, truncated };
}

/** How a result calls a metric after a filter. */
export function metricKey(metric: string, filter: string): string {
  return filter === "none" ? metric : `${metric},${filter}`;
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
