// handheld eval: what a model can do and what it costs. Its options are here; eval-record.ts puts the parts together.
import { type Action, defineFrame } from "../command.ts";
import { deviceHelp } from "../devices.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { choice, flag, integer, integers, required, text } from "../options.ts";
import { costOptions } from "./eval-cost.ts";
import { resultsFolder, weightsOption } from "./shared.ts";

export const evalFrame = defineFrame({
  name: "eval",
  summary: "Score a model on tasks such as PIQA, long texts or call data, and measure what it costs on a device",
  details: [
    "With --tasks or --suite, as lm-evaluation-harness asks and scores. With --needle, facts in long texts. With --cost, speeds,",
    "memory and energy here or on another device, where the model may be a spec or a preset too. One run may have all of them;",
    "interrupted, it goes on where it was when it is started again.",
    "\n\nWith none of these, or with --calls, on call data. Accuracy: all calls and all arguments right. Soft accuracy: share of",
    "right arguments. Both 0..1, higher is better. With --calls, as papers count, and of any instruct model too.",
    "\n\nA run ends with tables, a record in the results folder (see handheld results) and a page of it.",
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
    calls: choice("--calls <protocol>", "how to count on call data", ["exact", "droidcall", "api", "slots"], "exact"),
    compare: choice(
      "--compare <how>",
      "with --calls droidcall: titles, messages and other free texts",
      ["strict", "ignore", "meaning"],
      "meaning",
    ),
    rules: text("--rules <file>", "which arguments are compared how (default: configs/calls/comparison.json)"),
    toolsPerQuery: integer(
      "--tools-per-query <n>",
      "functions that an instruct model is shown",
      { min: 1, max: 256 },
      4,
    ),
    tools: choice(
      "--tools <source>",
      "the right ones among random others, or what a search over the functions finds",
      ["gold", "retrieved"],
      "gold",
    ),
    answers: choice(
      "--answers <form>",
      "what an instruct model is asked for; minimal: code, without a word about it",
      ["json", "code", "minimal"],
      "json",
    ),
    data: text("--data <path>", "call data (default: what the model was trained on), or a folder of the tasks' data"),
    functions: text("--functions <file>", "JSON file with the functions' schemas (default: the model's)"),
    split: choice("--split <name>", "which split to score", ["test", "validation", "train", "all"], "test"),
    samples: text(
      "--samples <n|file>",
      "of calls: score at most n, evenly spread; of tasks: write each question there",
    ),
    skipBad: flag("--skip-bad", "count malformed lines and too long queries and leave them out instead of stopping"),
    errors: text("--errors <file>", "write the wrong answers to this file, one JSON object a line"),
    cost: flag("--cost", "measure what it costs: first-token time, speeds, memory, energy; with random weights"),
    device: text("--device <name>", `with --cost: where; ${deviceHelp}`, "local"),
    ...costOptions,
    results: text("--results <folder>", "where the run's record and its page go", resultsFolder),
    record: flag("--no-record", "write no record and no page"),
    keepSamples: flag("--keep-samples", "keep each question's score beside the record, for paired comparisons"),
    as: text("--as <name>", "which model of the catalogue it is (default: by its name, or its architecture)"),
  },
  examples: [
    ["eval runs/calls/int4", "score the held-out queries of the run's own data"],
    ["eval runs/snips/int4 --data snips --json", "score the SNIPS test split; JSON for scripts"],
    ["eval runs/my-app/int4 --data held-out.jsonl --split all", "score every line of a file"],
    ["eval models/smollm-instruct --calls droidcall --shots 0,4", "calls of an instruct model, asked in words"],
    ["eval runs/snips/int4 --calls slots --data snips", "slot F1, intent and frame accuracy"],
    ["eval models/smollm --suite quick --cost", "four tasks and the cost on this machine, as a page"],
    ["eval models/smollm --suite survey --cost --device phone", "the survey's tasks here, the cost on a phone"],
    ["eval MobileLLM-125M --cost --forms int4 --prompts 64,512", "what an architecture would cost, without weights"],
    ["eval models/smollm --suite phonelm --json", "the seven tasks of the PhoneLM paper"],
    ["eval models/smollm --tasks piqa,arc_easy --shots 0,5 --limit 200", "two tasks, without and with examples"],
    ["eval models/smollm --needle --lengths 512,1024", "facts hidden in texts of 512 and 1024 tokens"],
  ],
});

export const runEval: Action<typeof evalFrame> = async (given, io) => {
  const { runRecorded } = await import("./eval-record.ts");
  await runRecorded({ ...given, given: given.model, model: await locateModel(given.model, io) }, io);
};
