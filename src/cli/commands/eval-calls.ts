// handheld eval on call data: exact calls of a call model, or with --calls a protocol, which instruct models can be asked by too.
import { ContextOverflowError, HandheldError } from "../../errors.ts";
import type { Comparison } from "../../eval/calls/comparison.ts";
import type { ProtocolResult, ScoredSample } from "../../eval/calls/evaluate.ts";
import type { PromptStyle } from "../../eval/calls/prompt.ts";
import type { ProtocolName } from "../../eval/calls/protocols.ts";
import type { ToolSource } from "../../eval/calls/tools.ts";
import { formatCount, formatPercent, formatRate } from "../../format.ts";
import type { CallDataset, FunctionSchema, Sample } from "../../functions/types.ts";
import type { Caller } from "../../generate/calls.ts";
import { pathExists, readJsonFile, writeFileAtomic } from "../../io.ts";
import type { CallsRecord } from "../../results/record.ts";
import type { CommandIo } from "../io.ts";
import { UsageError } from "../options.ts";
import { formatTable } from "../table.ts";

/** What these take of the command line. */
export interface CallLine {
  model: string;
  calls: "exact" | ProtocolName;
  data: string | undefined;
  functions: string | undefined;
  split: "test" | "validation" | "train" | "all";
  samples: string | undefined;
  skipBad: boolean;
  errors: string | undefined;
  shots: number[] | undefined;
  compare: Comparison;
  rules: string | undefined;
  toolsPerQuery: number;
  tools: ToolSource;
  answers: PromptStyle;
  weights: "auto" | "f32" | "int8" | "int4";
  batch: number;
  work: string;
  resume: boolean;
  threads: number | undefined;
  seed: number;
}

/** What goes into the record, and what only the command's own result has. */
export interface CallFindings {
  calls: CallsRecord[];
  details: Readonly<Record<string, unknown>>;
}

/** Exact calls of a call model in its own form. */
export async function runExactCalls(line: CallLine, io: CommandIo): Promise<CallFindings> {
  const count = sampleCount(line.samples);
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadCallModel } = await import("../../generate/call-model.ts");
  const { evaluateCalls, spread } = await import("../../eval/calls.ts");
  const { exactCallsRecord } = await import("../../eval/calls/evaluate.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    const { caller, functions, model } = await loadCallModel(backend, line.model);
    const all = splitOf(await dataset(line, functions, io), line);
    const samples = spread(fitting(all, caller, line.skipBad, io), count);
    const progress = io.progress("Answering", { total: samples.length, unit: "queries" });
    const evaluation = await evaluateCalls(caller, samples, {
      signal: io.signal,
      onProgress: (done) => progress.update(done),
      mistakes: Infinity,
    });
    progress.finish();
    const { accuracy, softAccuracy, mistakes, ...rest } = evaluation;
    io.print(`accuracy       ${formatPercent(accuracy)} of ${formatCount(samples.length)} queries entirely right`);
    io.print(`soft accuracy  ${formatPercent(softAccuracy)}`);
    io.print(
      `speed          prefill ${formatRate(rest.prefillTokensPerSecond)}, decode ${formatRate(rest.decodeTokensPerSecond)} tok/s`,
    );
    if (line.errors !== undefined) await writeLines(line.errors, mistakes);
    const data = line.data ?? (await ownData(line.model)).data ?? "generated";
    const record = exactCallsRecord(evaluation, data, model.format);
    return { calls: [record], details: { accuracy, softAccuracy, ...rest } };
  } finally {
    await backend.close();
  }
}

/** A protocol, once with each number of shots. */
export async function runCallProtocol(line: CallLine, io: CommandIo): Promise<CallFindings> {
  const count = sampleCount(line.samples);
  const { createBackend } = await import("../../kernels/index.ts");
  const { isCallModel } = await import("../../generate/call-model.ts");
  const { callsRecord, evaluateProtocol } = await import("../../eval/calls/evaluate.ts");
  const { spread } = await import("../../eval/calls.ts");
  const tuned = await isCallModel(line.model);
  if (tuned && line.shots?.some((shots) => shots > 0)) {
    throw new UsageError("--shots is for instruct models: a call model has no prompt for worked examples");
  }
  const backend = await createBackend({ threads: line.threads });
  try {
    const { model, functions } = tuned ? await loadTuned(backend, line.model) : await loadPrompted(backend, line);
    const loaded = await dataset(line, functions, io);
    const samples = spread(splitOf(loaded, line), count);
    const asked = new Set(samples.map(({ query }) => query));
    const train = loaded.train.filter(({ query }) => !asked.has(query));
    const data = { name: line.data ?? "generated", functions: loaded.functions, samples, train };
    const results: ProtocolResult[] = [];
    const wrong: (ScoredSample & { shots: number })[] = [];
    for (const shots of line.shots ?? [0]) {
      const progress = io.progress(`${line.calls}, ${shots} shots`, { unit: tuned ? "queries" : "tokens" });
      const result = await evaluateProtocol(model, data, {
        protocol: line.calls as ProtocolName,
        ...{ shots, texts: line.compare, rules: line.rules, seed: line.seed },
        ...{ toolsPerQuery: line.toolsPerQuery, tools: line.tools, style: line.answers },
        journal: { folder: line.work, fresh: !line.resume },
        signal: io.signal,
        onProgress: (done, total) => progress.update(done, "", total),
        onSample: (sample) => {
          if (Object.values(sample.shares).some(([top, bottom]) => top < bottom)) wrong.push({ shots, ...sample });
        },
      });
      progress.finish();
      results.push(result);
    }
    if (line.errors !== undefined) await writeLines(line.errors, wrong);
    show(results, io);
    const calls = results.map((result) => ({ ...callsRecord(result), weights: model.format }));
    return { calls, details: { calls, details: results.map(({ metrics: _, ...details }) => details) } };
  } finally {
    await backend.close();
  }
}

type Backend = Awaited<ReturnType<typeof import("../../kernels/index.ts")["createBackend"]>>;

async function loadTuned(backend: Backend, dir: string) {
  const { loadCallModel } = await import("../../generate/call-model.ts");
  const { hashModel } = await import("../../eval/model-hash.ts");
  const { caller, functions, model } = await loadCallModel(backend, dir);
  return { model: { caller, hash: await hashModel(dir), format: model.format }, functions };
}

async function loadPrompted(backend: Backend, { model: dir, weights, batch }: CallLine) {
  const { loadModel } = await import("../../model/load.ts");
  const { hashModel } = await import("../../eval/model-hash.ts");
  const model = await loadModel(backend, dir, { format: weights, chunk: batch });
  return { model: { ...model, name: dir, hash: await hashModel(dir) }, functions: undefined };
}

function show(results: readonly ProtocolResult[], io: CommandIo): void {
  const columns = [
    { title: "protocol" },
    { title: "shots", numeric: true },
    { title: "metric" },
    { title: "value", numeric: true },
    { title: "± stderr", numeric: true },
    { title: "n", numeric: true },
  ];
  const percent = (value: number | null) => (value === null ? "-" : formatPercent(value));
  const rows = results.flatMap(({ protocol, shots, metrics, n }) =>
    Object.entries(metrics).map(([name, { value, stderr }]) => {
      return [protocol, String(shots), name, percent(value), percent(stderr), String(n)];
    }),
  );
  io.print(formatTable(columns, rows));
  for (const { shots, unparsed, tooLong, n } of results) {
    if (unparsed > 0)
      io.print(`${shots} shots: ${formatCount(unparsed)} of ${formatCount(n)} answers have no call in them`);
    if (tooLong > 0)
      io.warn(`${shots} shots: ${formatCount(tooLong)} queries do not fit in the model's context, and count as wrong`);
  }
}

async function writeLines(path: string, items: readonly unknown[]): Promise<void> {
  await writeFileAtomic(path, items.map((item) => `${JSON.stringify(item)}\n`).join(""));
}

function sampleCount(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UsageError(`--samples takes a whole number above 0 where there are no --tasks, got "${given}"`);
}

function splitOf({ train, validation, test }: CallDataset, { split }: CallLine): Sample[] {
  const samples = { train, validation, test, all: [...train, ...validation, ...test] }[split];
  if (samples.length > 0) return samples;
  throw new HandheldError("invalid-data", `the ${split} split has no samples; give another --split`);
}

/** The command line's data, read with the model's functions where it has some; without data, what its own run was made from. */
async function dataset(
  line: CallLine,
  functions: readonly FunctionSchema[] | undefined,
  io: CommandIo,
): Promise<CallDataset> {
  const { loadCalls, loadFunctions } = await import("../../functions/data/load.ts");
  const own = await ownData(line.model);
  const path = line.data ?? own.data;
  if (path === undefined) {
    const { generateDataset } = await import("../../functions/generator/index.ts");
    return generateDataset({ samples: own.samples, seed: own.seed });
  }
  const given = line.functions === undefined ? functions : await loadFunctions(line.functions);
  const options = { functions: given, seed: own.seed, skipBad: line.skipBad, scoring: true };
  const { dataset, skipped, reasons } = await loadCalls(path, options);
  if (skipped > 0) io.warn(`${skipped} malformed lines left out: ${reasons.join("; ")}`);
  return dataset;
}

/** The samples whose query leaves room for an answer. @throws ContextOverflowError for one that does not, unless `skip` */
function fitting(samples: readonly Sample[], { codec, decoder }: Caller, skip: boolean, io: CommandIo): Sample[] {
  const { context } = decoder.spec;
  const kept = samples.filter(({ query }) => {
    const needed = codec.prompt(query).length + 1;
    if (needed <= context) return true;
    if (skip) return false;
    const begin = JSON.stringify(query.length > 40 ? `${query.slice(0, 40)}…` : query);
    throw new ContextOverflowError(needed, context, `the query ${begin} and the beginning of an answer: `);
  });
  if (kept.length < samples.length) io.warn(`${samples.length - kept.length} queries too long for the model left out`);
  return kept;
}

/** The options of the run that a model directory lies in, where it does. */
async function ownData(model: string): Promise<{ data?: string; samples: number; seed: number }> {
  const path = `${model}/../run.json`;
  const run = (await pathExists(path))
    ? ((await readJsonFile(path)) as { options?: { data?: string; samples?: number; seed?: number } })
    : {};
  return { samples: 10_000, seed: 1, ...run.options };
}
