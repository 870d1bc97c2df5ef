// From a task's definition to what is asked of a model: rows, contexts, continuations, and how answers are scored.
import { createHash } from "node:crypto";
import { HandheldError, invalidFile } from "../../errors.ts";
import { type DataOptions, loadSplit } from "../data/source.ts";
import type { TaskDefinition } from "./catalogue.ts";
import type { TaskConfig } from "./config.ts";
import { compileFields, type Fields } from "./fields.ts";
import { type FilterPipeline, filterPipelines } from "./filters.ts";
import { createMetrics, type Metrics, needsUnconditional } from "./metrics.ts";
import { createPromptWriter, type PromptWriter } from "./prompt.ts";
import type { Row } from "./template.ts";
import { findTwin } from "./twins.ts";

/** What is asked: the probability of a continuation or of a whole text, or a text. */
export type Request =
  | { kind: "continuation"; context: string; continuation: string }
  | { kind: "rolling"; text: string }
  | { kind: "generation"; context: string; options: GenerationOptions };

/** generation_kwargs with their defaults. */
export interface GenerationOptions {
  until: readonly string[];
  maxTokens: number;
  temperature: number;
  topP: number;
  topK: number;
}

/** A row with its requests. */
export interface Document {
  row: Row;
  requests: Request[];
}

/** A task ready to be asked. */
export interface PreparedTask {
  name: string;
  path: string;
  config: TaskConfig;
  version: string | number;
  shots: number;
  documents: Document[];
  fields: Fields;
  filters: FilterPipeline[];
  metrics: Metrics;
  /** SHA-256 over what is asked and how it is scored. */
  hash: string;
}

/** Options of {@link prepareTask}. */
export interface PrepareOptions extends DataOptions {
  /** Worked examples before each question; a task that says 0 itself stays at 0. Default: the task's own. */
  shots?: number | undefined;
  /** Rows at most, the first ones. */
  limit?: number | undefined;
  /** Seed of the examples' choice. Default 1234, as in lm-evaluation-harness. */
  fewShotSeed?: number | undefined;
}

/**
 * Reads a task's data and writes its questions.
 *
 * @throws HandheldError `invalid-file`, `invalid-data`, `unsupported` or `io` that names the file and the field, HubError
 */
export async function prepareTask(task: TaskDefinition, options: PrepareOptions = {}): Promise<PreparedTask> {
  const { config, path, name } = task;
  const fields = compileFields(config, path);
  const metrics = createMetrics(config, fields, path);
  const filters = filterPipelines(config, path);
  const shots = shotsOf(config, options.shots);
  const split = config.test_split ?? config.validation_split!;
  const rows = await rowsOf(config, split, path, options);
  if (rows.length === 0) throw new HandheldError("invalid-data", `${path}: split "${split}" has no rows`);
  const pool = shots === 0 ? [] : await forExamples(shots, poolOf(config, path, options));
  const prompts = createPromptWriter(config, fields, path, { shots, pool, seed: options.fewShotSeed ?? 1234 });
  const hash = createHash("sha256").update(JSON.stringify([config, shots]));
  const write = requestWriter(config, fields, prompts, needsUnconditional(metrics), path);
  const documents = rows.slice(0, options.limit).map((row, i): Document => {
    const requests = named(`${path}: row ${i + 1} of ${split}`, path, () => write(row));
    hash.update(JSON.stringify(requests));
    return { row, requests };
  });
  const version = config.metadata?.version ?? 0;
  return { name, path, config, version, shots, documents, fields, filters, metrics, hash: hash.digest("hex") };
}

/** Worked examples that a task is run with where `wanted` are asked for. */
export function shotsOf(config: TaskConfig, wanted: number | undefined): number {
  if (config.num_fewshot === 0 || config.output_type === "loglikelihood_rolling") return 0;
  return wanted ?? config.num_fewshot ?? 0;
}

async function rowsOf(config: TaskConfig, split: string, path: string, options: DataOptions): Promise<readonly Row[]> {
  return processed(config.process_docs, await loadSplit(config, split, path, options), `${path}: process_docs`);
}

/** Says of data that are not there that they were to be worked examples. */
async function forExamples<T>(shots: number, rows: Promise<T>): Promise<T> {
  try {
    return await rows;
  } catch (cause) {
    if (!(cause instanceof HandheldError) || cause.code !== "invalid-data") throw cause;
    throw new HandheldError("invalid-data", `${shots} worked examples: ${cause.message}`, { cause });
  }
}

/** The rows that examples are taken from. */
async function poolOf(config: TaskConfig, path: string, options: DataOptions): Promise<readonly Row[]> {
  const own = config.fewshot_config ?? {};
  const split = own.split ?? config.fewshot_split;
  if (split) {
    const process = own.process_docs ?? config.process_docs;
    return processed(process, await loadSplit(config, split, path, options), `${path}: fewshot_config.process_docs`);
  }
  if (Array.isArray(own.samples)) return own.samples;
  if (own.samples) return findTwin(own.samples, "samples", `${path}: fewshot_config.samples`)();
  return rowsOf(config, config.training_split ?? config.validation_split ?? config.test_split!, path, options);
}

function processed(tag: TaskConfig["process_docs"], rows: readonly Row[], where: string): readonly Row[] {
  if (!tag) return rows;
  const run = findTwin(tag, "docs", where);
  return named(where, where, () => run(rows));
}

type Writer = (row: Row) => Request[];

function requestWriter(
  config: TaskConfig,
  fields: Fields,
  prompts: PromptWriter,
  unconditional: boolean,
  path: string,
): Writer {
  const delimiter = config.target_delimiter;
  switch (config.output_type) {
    case "loglikelihood_rolling":
      return (row) => [{ kind: "rolling", text: String(fields.target(row)) }];
    case "generate_until": {
      const options = generationOptions(config, path);
      return (row) => [{ kind: "generation", context: one(prompts.write(row)), options }];
    }
    case "loglikelihood":
      return (row) => {
        const continuation = [fields.target(row)].flat()[0]!;
        return [{ kind: "continuation", context: one(prompts.write(row)), continuation: String(continuation) }];
      };
    case "multiple_choice":
      return (row) => {
        const contexts = prompts.write(row);
        const continuation = (text: string) => `${delimiter}${text}`;
        const ask = (context: string, text: string): Request => {
          return { kind: "continuation", context, continuation: continuation(text) };
        };
        if (Array.isArray(contexts)) return contexts.map((context) => ask(context, String(fields.target(row))));
        const choices = fields.choices!(row);
        const asked = choices.map((choice) => ask(contexts, choice));
        return unconditional ? [...asked, ...choices.map((choice) => ask("", choice))] : asked;
      };
  }
}

function one(contexts: string | string[]): string {
  return Array.isArray(contexts) ? contexts[0]! : contexts;
}

const defaultMaxTokens = 256;

function generationOptions(
  { generation_kwargs: given, fewshot_delimiter }: TaskConfig,
  path: string,
): GenerationOptions {
  const options = given ?? {};
  const where = `${path}: generation_kwargs`;
  const until = [options.until ?? [fewshot_delimiter]].flat();
  if (!until.every((stop) => typeof stop === "string"))
    throw invalidFile(where, "until is no text and no list of texts");
  const number = (names: readonly string[], fallback: number, least: number): number => {
    const name = names.find((key) => options[key] !== undefined && options[key] !== null);
    const value = name === undefined ? fallback : Number(options[name]);
    if (value >= least) return value;
    throw invalidFile(where, `${name} is ${JSON.stringify(options[name!])}, a number of at least ${least} is needed`);
  };
  const sampled = options.do_sample === true;
  return {
    until,
    maxTokens: number(["max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"], defaultMaxTokens, 1),
    temperature: options.do_sample === false ? 0 : number(["temperature"], sampled ? 1 : 0, 0),
    topP: number(["top_p"], 1, 0),
    topK: number(["top_k"], 0, 0),
  };
}

/** Says which row or field an error is about, where the error itself does not. */
function named<T>(where: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof HandheldError)) throw cause;
    if (cause.message.startsWith(where)) throw cause;
    const message = cause.message.startsWith(`${path}: `) ? cause.message.slice(path.length + 2) : cause.message;
    throw new HandheldError(cause.code, `${where}: ${message}`, { cause });
  }
}
