// handheld eval: accuracy and soft accuracy of a model on call data.
import { ContextOverflowError, HandheldError } from "../../errors.ts";
import { formatCount, formatPercent, formatRate } from "../../format.ts";
import type { CallDataset, FunctionSchema, Sample } from "../../functions/types.ts";
import type { Caller } from "../../generate/calls.ts";
import { pathExists, readJsonFile, writeFileAtomic } from "../../io.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { choice, flag, integer, required, text } from "../options.ts";

export const evalFrame = defineFrame({
  name: "eval",
  summary: "Score a model on call data: accuracy and soft accuracy",
  details:
    "Accuracy: all calls and all arguments right. Soft accuracy: share of right arguments. Both 0..1, higher is better.",
  arguments: { model: required("<model>", modelHelp) },
  options: {
    data: text("--data <path>", "call data (default: what the model was trained on, or the generated catalogue data)"),
    functions: text("--functions <file>", "JSON file with the functions' schemas (default: the model's)"),
    split: choice("--split <name>", "which split to score", ["test", "validation", "train", "all"], "test"),
    samples: integer("--samples <n>", "score at most so many, evenly spread", { min: 1 }),
    skipBad: flag("--skip-bad", "count malformed lines and too long queries and leave them out instead of stopping"),
    errors: text("--errors <file>", "write the wrong answers to this file, one JSON object a line"),
  },
  examples: [
    ["eval runs/calls/int4", "score the held-out queries of the run's own data"],
    ["eval runs/snips/int4 --data snips --json", "score the SNIPS test split; JSON for scripts"],
    ["eval runs/my-app/int4 --data held-out.jsonl --split all", "score every line of a file"],
  ],
});

export const runEval: Action<typeof evalFrame> = async (given, io) => {
  const line = { ...given, model: await locateModel(given.model, io) };
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadCallModel } = await import("../../generate/call-model.ts");
  const { evaluateCalls, spread } = await import("../../eval/calls.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    const { caller, functions } = await loadCallModel(backend, line.model);
    const all = await samplesOf(line, functions, io);
    const samples = spread(fitting(all, caller, line.skipBad, io), line.samples);
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
