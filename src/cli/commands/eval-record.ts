// handheld eval as a whole: cost, tasks, needles and calls of one model as the command line wants them, then tables, a
// record in the results folder and a page of it.
import { join } from "node:path";
import { machineFacts } from "../../devices/machine.ts";
import { HandheldError } from "../../errors.ts";
import type { ModelToEvaluate } from "../../eval/evaluate.ts";
import type { Evaluation, NeedleResult } from "../../eval/result.ts";
import { writeFileAtomic } from "../../io.ts";
import type { ResultRecord } from "../../results/record.ts";
import type { SampleWriter } from "../../results/samples.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";
import { type CallFindings, type CallLine, runCallProtocol, runExactCalls } from "./eval-calls.ts";
import { type KeptCost, type KeptCostLine, keptCost } from "./eval-kept-cost.ts";
import { type Subject, subjectOf } from "./eval-subject.ts";
import { showEffort, showNeedle, showTasks } from "./eval-tables.ts";
import { type ChosenTasks, chooseTasks, runNeedle, runTasks, type TaskLine } from "./eval-tasks.ts";
import { showCost } from "./show-cost.ts";

/** What this takes of the command line. */
export interface RecordLine extends TaskLine, CallLine, KeptCostLine {
  /** How the user named the model; `model` is its path. */
  given: string;
  as: string | undefined;
  needle: boolean;
  cost: boolean;
  results: string;
  record: boolean;
  keepSamples: boolean;
}

/** What was found out. */
interface Findings {
  evaluation: Evaluation | null;
  needle: NeedleResult | null;
  calls: CallFindings | null;
  cost: KeptCost | null;
  notes: string[];
}

/** Runs all parts, writes the record and shows it. @throws HandheldError where nothing could be found out */
export async function runRecorded(line: RecordLine, io: CommandIo): Promise<void> {
  const { createRecord } = await import("../../results/create.ts");
  const { newRecordId } = await import("../../results/store.ts");
  const { samplesFileOf } = await import("../../results/samples.ts");
  const wanted = wantedParts(line);
  const chosen = wanted.tasks ? await chooseTasks(line) : null;
  const subject = await subjectOf(line, wanted.tasks || wanted.calls || line.needle);
  const id = newRecordId();
  const samplesFile = chosen !== null && line.record && line.keepSamples ? samplesFileOf(id) : null;
  const paths = [line.samples, samplesFile === null ? undefined : join(line.results, samplesFile)];
  const found = await findOut(subject, chosen, wanted, chosen === null ? [] : paths, line, io);
  const { evaluation, needle, calls, cost, notes } = found;
  const parts = { evaluation, needle, calls: calls?.calls, cost: cost?.cost, device: cost?.device };
  const record = await createRecord({ ...subject, ...parts, id, suite: chosen?.suite, samplesFile, notes });
  await finish(record, found, line, io);
}

/** Which parts a command line asks for; without any, it is exact calls. @throws UsageError for two that do not go together */
function wantedParts({ tasks: names, suite, needle, cost, calls: protocol }: RecordLine) {
  const tasks = names !== undefined || suite !== undefined;
  const calls = protocol !== "exact" || (!tasks && !needle && !cost);
  if (tasks && calls) throw new UsageError("--calls and --tasks are two runs: both read --data, --shots and --samples");
  return { tasks, calls, several: [tasks, calls, needle, cost].filter(Boolean).length > 1 };
}

/** Cost comes first: another device is asked for while its user is there, and what is kept of it need not be asked again. */
async function findOut(
  subject: Subject,
  chosen: ChosenTasks | null,
  wanted: ReturnType<typeof wantedParts>,
  paths: readonly (string | undefined)[],
  line: RecordLine,
  io: CommandIo,
): Promise<Findings> {
  const notes: string[] = [];
  // What is wrong with one of several parts is a note; the others go on.
  const attempt = async <T>(what: string, run: () => Promise<T>): Promise<T | null> => {
    try {
      return await run();
    } catch (error) {
      const ends = !(error instanceof HandheldError) || error instanceof UsageError || error.code === "aborted";
      if (ends || !wanted.several) throw error;
      io.warn(`${what}: ${error.message}`);
      notes.push(`${what} failed: ${error.message}`);
      return null;
    }
  };
  const cost = line.cost ? await attempt("cost", () => keptCost(subject.spec, line, io)) : null;
  if (cost) notes.push(...cost.notes);
  if (cost && cost.device.transport !== "local" && (wanted.tasks || wanted.calls || line.needle)) {
    const { cpuModel, arch, cores } = await machineFacts();
    const here = `another machine (${cpuModel ?? arch}, ${cores} cores) with the same kernels`;
    notes.push(`what the model can do was scored on ${here}; only the cost is ${cost.device.name}'s`);
  }
  const asked: Pick<Findings, "evaluation" | "needle"> = { evaluation: null, needle: null };
  if (chosen !== null || line.needle) {
    await askModel(subject, paths, line, io, async (model, onSample) => {
      if (chosen) asked.evaluation = await runTasks(model, chosen, line, io, onSample);
      if (line.needle) asked.needle = await attempt("needle", () => runNeedle(model, line, io));
    });
  }
  const run = line.calls === "exact" ? runExactCalls : runCallProtocol;
  const calls = wanted.calls ? await attempt("calls", () => run(line, io)) : null;
  return { ...asked, calls, cost, notes };
}

/** Loads the model once for all that it is asked; the questions go to the files of `paths` as they are answered. */
async function askModel(
  { model: { hash } }: Subject,
  paths: readonly (string | undefined)[],
  line: RecordLine,
  io: CommandIo,
  use: (model: ModelToEvaluate, onSample: SampleWriter["write"]) => Promise<void>,
): Promise<void> {
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadModel } = await import("../../model/load.ts");
  const { writeSamples } = await import("../../results/samples.ts");
  const files: SampleWriter[] = [];
  const backend = await createBackend({ threads: line.threads });
  try {
    const loaded = await loadModel(backend, line.model, { format: line.weights, chunk: line.batch });
    io.print(`model    ${line.given}, ${loaded.format} weights`);
    for (const path of paths) if (path !== undefined) files.push(await writeSamples(path));
    await use({ ...loaded, name: line.given, hash }, (sample) => {
      for (const file of files) file.write(sample);
    });
    for (const file of files) await file.close();
  } catch (error) {
    for (const file of files) await file.discard();
    throw error;
  } finally {
    await backend.close();
  }
}

/** Tables, the record and its page, and the result as data. */
async function finish(record: ResultRecord, found: Findings, line: RecordLine, io: CommandIo): Promise<void> {
  if (found.evaluation) {
    showTasks(record.tasks, io);
    showEffort(found.evaluation, io);
  }
  if (record.needle) showNeedle(record.needle, io);
  if (record.cost) showCost(record.cost, io);
  const failed = record.tasks.length > 0 && record.tasks.every(({ error }) => error);
  const empty = (failed || record.tasks.length === 0) && !record.needle && !record.cost && record.calls.length === 0;
  const files = line.record && !empty ? await writeRecord(record, line.results, io) : { record: null, page: null };
  await found.cost?.forget();
  io.result({ ...found.calls?.details, record, files });
  if (failed) {
    const [first] = record.tasks;
    throw new HandheldError("invalid-data", `no task could be run; the first: ${first!.error!.message}`);
  }
  if (empty) throw new HandheldError("invalid-data", `nothing could be found out: ${record.notes.join("; ")}`);
}

async function writeRecord(record: ResultRecord, folder: string, io: CommandIo) {
  const { appendRecord } = await import("../../results/store.ts");
  const { recordPage } = await import("../../report/record/report.ts");
  const path = await appendRecord(folder, record);
  const page = join(folder, `${record.id}.html`);
  await writeFileAtomic(page, recordPage(record));
  io.print(`record   ${path}\npage     ${page}`);
  return { record: path, page };
}
