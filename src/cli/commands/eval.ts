// handheld eval: what a model can do. Without tasks or a suite, accuracy and soft accuracy on call data (here); with them,
// eval-record.ts.
import { ContextOverflowError, HandheldError } from "../../errors.ts";
import { formatCount, formatPercent, formatRate } from "../../format.ts";
import type { CallDataset, FunctionSchema, Sample } from "../../functions/types.ts";
import type { Caller } from "../../generate/calls.ts";
import { pathExists, readJsonFile, writeFileAtomic } from "../../io.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { choice, flag, integer, integers, required, text, UsageError } from "../options.ts";
import { runRecorded } from "./eval-record.ts";
import { resultsFolder, weightsOption } from "./shared.ts";

export const evalFrame = defineFrame({
  name: "eval",
  summary: "Score a model: on call data, on tasks such as PIQA or MMLU, or on long texts",
  details: [
    "Without --tasks, --suite or --needle, on call data. Accuracy: all calls and all arguments right. Soft accuracy: share of",
    "right arguments. Both 0..1, higher is better.\n\nWith --tasks or --suite, as lm-evaluation-harness asks and scores;",
    "an interrupted run goes on where it was when it is started again.",
  ].join("\n"),
  arguments: { model: required("<model>", modelHelp) },
  options: {
    tasks: text("--tasks <names>", "tasks, groups or tags, with commas; `*` fits any; or a task file (.yaml)"),
    suite: text("--suite <name>", "a list of tasks: quick, phonelm, phonelm-more, mobilellm, survey, or a file"),
    shots: integers("--shots <n,…>", "worked examples before each question; several give a curve", {
      min: 0,
      max: 100,
    }),
    limit: integer("--limit <n>", "the first questions of each task only", { min: 1 }),
    taskFolder: text("--task-folder <path>", "further task files, such as those of lm-evaluation-harness"),
    weights: weightsOption,
    batch: integer("--batch <tokens>", "tokens through the model at once", { min: 16, max: 4096 }, 256),
    truncate: flag(
      "--truncate",
      "cut off the beginning of what is longer than the model's context; else it is an error",
    ),
    work: text("--work <folder>", "where finished work is kept", "runs/eval"),
    resume: flag("--no-resume", "forget what an earlier run of the same has finished"),
    needle: flag("--needle", "hide facts in long texts and ask for them"),
    lengths: integers("--lengths <n,…>", "tokens of those texts (default: 256, 512, … up to the context)", { min: 64 }),
    depths: integers("--depths <%,…>", "places of the facts in percent", { min: 0, max: 100 }, [0, 25, 50, 75, 100]),
    data: text("--data <path>", "call data (default: what the model was trained on), or a folder of the tasks' data"),
    functions: text("--functions <file>", "JSON file with the functions' schemas (default: the model's)"),
    split: choice("--split <name>", "which split to score", ["test", "validation", "train", "all"], "test"),
    samples: text(
      "--samples <n|file>",
      "of calls: score at most n, evenly spread; of tasks: write each question there",
    ),
    skipBad: flag("--skip-bad", "count malformed lines and too long queries and leave them out instead of stopping"),
    errors: text("--errors <file>", "write the wrong answers to this file, one JSON object a line"),
    results: text(
      "--results <folder>",
      "where the record of a run with --tasks, --suite or --needle goes",
      resultsFolder,
    ),
    record: flag("--no-record", "write no record"),
    keepSamples: flag("--keep-samples", "keep each question's score beside the record, for paired comparisons"),
    as: text("--as <name>", "which model of the catalogue it is (default: by its name, or its architecture)"),
  },
  examples: [
    ["eval runs/calls/int4", "score the held-out queries of the run's own data"],
    ["eval runs/snips/int4 --data snips --json", "score the SNIPS test split; JSON for scripts"],
    ["eval runs/my-app/int4 --data held-out.jsonl --split all", "score every line of a file"],
    ["eval models/smollm --suite phonelm --json", "the seven tasks of the PhoneLM paper"],
    ["eval models/smollm --tasks piqa,arc_easy --shots 0,5 --limit 200", "two tasks, without and with examples"],
    ["eval models/smollm --needle --lengths 512,1024", "facts hidden in texts of 512 and 1024 tokens"],
  ],
});

export const runEval: Action<typeof evalFrame> = async (given, io) => {
  const line = { ...given, given: given.model, model: await locateModel(given.model, io) };
  if (line.needle || line.tasks !== undefined || line.suite !== undefined) return runRecorded(line, io);
  const count = sampleCount(line.samples);
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadCallModel } = await import("../../generate/call-model.ts");
  const { evaluateCalls, spread } = await import("../../eval/calls.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    const { caller, functions } = await loadCallModel(backend, line.model);
    const all = await samplesOf(line, functions, io);
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
    if (line.errors !== undefined) {
      await writeFileAtomic(line.errors, mistakes.map((mistake) => `${JSON.stringify(mistake)}\n`).join(""));
    }
    io.result({ accuracy, softAccuracy, ...rest });
  } finally {
    await backend.close();
  }
};

type Line = Parameters<typeof runEval>[0];

function sampleCount(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new UsageError(`--samples takes a whole number above 0 where there are no --tasks, got "${given}"`);
}

/** The split of the command line's data, read with the model's functions; without data, of what its own run was made from. */
async function samplesOf(line: Line, functions: readonly FunctionSchema[], io: CommandIo): Promise<Sample[]> {
  const { train, validation, test } = await dataset(line, functions, io);
  const samples = { train, validation, test, all: [...train, ...validation, ...test] }[line.split];
  if (samples.length > 0) return samples;
  throw new HandheldError("invalid-data", `the ${line.split} split has no samples; give another --split`);
}

async function dataset(line: Line, functions: readonly FunctionSchema[], io: CommandIo): Promise<CallDataset> {
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
