// handheld eval with --tasks, --suite or --needle: asks all that the command line wants of one model, and ends with
// tables and a record in the results folder.
import { join } from "node:path";
import { HandheldError } from "../../errors.ts";
import type { ModelToEvaluate } from "../../eval/evaluate.ts";
import type { Evaluation, NeedleResult } from "../../eval/result.ts";
import type { ResultRecord } from "../../results/record.ts";
import type { SampleWriter } from "../../results/samples.ts";
import type { Spec } from "../../spec/spec.ts";
import type { CommandIo } from "../io.ts";
import { showEffort, showNeedle, showTasks } from "./eval-tables.ts";
import { type ChosenTasks, chooseTasks, runNeedle, runTasks, type TaskLine } from "./eval-tasks.ts";

/** What this takes of the command line. */
export interface RecordLine extends TaskLine {
  /** Path of the model, and how the user named it. */
  model: string;
  given: string;
  as: string | undefined;
  needle: boolean;
  weights: "auto" | "f32" | "int8" | "int4";
  batch: number;
  threads: number | undefined;
  /** File for the questions of tasks. */
  samples: string | undefined;
  results: string;
  record: boolean;
  keepSamples: boolean;
}

/** Which model it is. */
interface Subject {
  model: Pick<ResultRecord["model"], "name" | "catalogue" | "released" | "hash">;
  spec: Spec;
}

/** What the model was asked. */
interface Answers {
  evaluation: Evaluation | null;
  needle: NeedleResult | null;
}

/** Runs all parts, writes the record and shows it. @throws HandheldError `invalid-data` where no task could be run */
export async function runRecorded(line: RecordLine, io: CommandIo): Promise<void> {
  const { createRecord } = await import("../../results/create.ts");
  const { newRecordId } = await import("../../results/store.ts");
  const { samplesFileOf } = await import("../../results/samples.ts");
  const id = newRecordId();
  const chosen = line.tasks === undefined && line.suite === undefined ? null : await chooseTasks(line);
  const subject = await subjectOf(line);
  const keep = line.record && line.keepSamples && chosen !== null;
  const samplesFile = keep ? samplesFileOf(id) : null;
  const paths = [line.samples, samplesFile === null ? undefined : join(line.results, samplesFile)];
  const answers = await askModel(subject, chosen, paths, line, io);
  const record = await createRecord({ ...subject, ...answers, id, suite: chosen?.suite, samplesFile });
  await finish(record, answers, line, io);
}

async function subjectOf(line: RecordLine): Promise<Subject> {
  const { readModelConfig } = await import("../../model/directory.ts");
  const { hashModel } = await import("../../eval/model-hash.ts");
  const { identifyModel } = await import("../../results/identify.ts");
  const { spec } = await readModelConfig(line.model);
  const identity = identifyModel(line.given, spec, line.as);
  return { model: { ...identity, hash: await hashModel(line.model) }, spec };
}

/** Loads the model once for all that it is asked; the questions go to the files of `paths` as they are answered. */
async function askModel(
  { model: { hash } }: Subject,
  chosen: ChosenTasks | null,
  paths: readonly (string | undefined)[],
  line: RecordLine,
  io: CommandIo,
): Promise<Answers> {
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadModel } = await import("../../model/load.ts");
  const { writeSamples } = await import("../../results/samples.ts");
  const files: SampleWriter[] = [];
  const backend = await createBackend({ threads: line.threads });
  try {
    const loaded = await loadModel(backend, line.model, { format: line.weights, chunk: line.batch });
    const model: ModelToEvaluate = { ...loaded, name: line.given, hash };
    io.print(`model    ${line.given}, ${model.format} weights`);
    for (const path of paths) if (path !== undefined) files.push(await writeSamples(path));
    const onSample: SampleWriter["write"] = (sample) => {
      for (const file of files) file.write(sample);
    };
    const evaluation = chosen === null ? null : await runTasks(model, chosen, line, io, onSample);
    const needle = line.needle ? await runNeedle(model, line, io) : null;
    for (const file of files) await file.close();
    return { evaluation, needle };
  } catch (error) {
    for (const file of files) await file.discard();
    throw error;
  } finally {
    await backend.close();
  }
}

/** Tables, the record's file, and the result as data. */
async function finish(record: ResultRecord, answers: Answers, line: RecordLine, io: CommandIo): Promise<void> {
  const { appendRecord } = await import("../../results/store.ts");
  const { evaluation } = answers;
  if (evaluation) {
    showTasks(record.tasks, io);
    showEffort(evaluation, io);
  }
  if (record.needle) showNeedle(record.needle, io);
  const failed = record.tasks.length > 0 && record.tasks.every(({ error }) => error);
  const empty = failed && record.needle === null && record.cost === null && record.calls.length === 0;
  const path = line.record && !empty ? await appendRecord(line.results, record) : null;
  if (path !== null) io.print(`record   ${path}`);
  io.result({ record, files: { record: path } });
  if (failed) {
    const [first] = record.tasks;
    throw new HandheldError("invalid-data", `no task could be run; the first: ${first!.error!.message}`);
  }
}
