// How tasks, metrics and settings are called on the site, and which tasks are averaged, as data.
import { callMetricName } from "../report/record/calls.ts";

const tasks: Readonly<Record<string, string>> = {
  hellaswag: "HellaSwag",
  winogrande: "WinoGrande",
  piqa: "PIQA",
  sciq: "SciQ",
  boolq: "BoolQ",
  arc_easy: "ARC easy",
  arc_challenge: "ARC challenge",
  openbookqa: "OpenBookQA",
  social_iqa: "SIQA",
  commonsense_qa: "CommonsenseQA",
  truthfulqa: "TruthfulQA",
  truthfulqa_mc1: "TruthfulQA MC1",
  truthfulqa_mc2: "TruthfulQA MC2",
  mmlu: "MMLU",
  cmmlu: "CMMLU",
  "ceval-valid": "C-Eval",
  triviaqa: "TriviaQA",
  race: "RACE",
  wikitext: "WikiText-2",
  "survey-average": "Survey's average, as printed",
};

const protocols: Readonly<Record<string, string>> = {
  calls: "Calls",
  droidcall: "DroidCall",
  api: "API calls",
  slots: "Slot filling",
};

/** Metrics that are no share of 1. */
const unbounded = /perplexity|bits_per_byte|brier|mcc/;

/** A task's name for readers; `droidcall.accuracy` is a metric of calls. */
export function taskLabel(task: string): string {
  const [protocol, metric] = task.split(".", 2);
  if (metric !== undefined && protocols[protocol!] !== undefined) {
    return `${protocols[protocol!]}, ${callMetricName(metric)}`;
  }
  return tasks[task] ?? task;
}

/** Whether values of a metric are shares, which are shown as percent. */
export function isShare(metric: string): boolean {
  return !unbounded.test(metric);
}

/** An average over tasks; only rows that have them all have it. */
export interface Average {
  id: string;
  name: string;
  /** Task and setting. */
  members: readonly (readonly [task: string, setting: string])[];
}

/** The averages of the papers, and of the suite for a first look. */
export const averages: readonly Average[] = [
  {
    id: "average-phonelm",
    name: "Average of PhoneLM’s 7 tasks, 0-shot",
    members: all("0-shot", "hellaswag", "winogrande", "piqa", "sciq", "boolq", "arc_easy", "arc_challenge"),
  },
  {
    id: "average-mobilellm",
    name: "Average of MobileLLM’s 8 tasks, 0-shot",
    members: all(
      "0-shot",
      ...["arc_easy", "arc_challenge", "boolq", "piqa", "social_iqa", "hellaswag", "openbookqa", "winogrande"],
    ),
  },
  {
    id: "average-survey",
    name: "Average of the survey’s 10 tasks",
    members: [
      ...all("5-shot", "hellaswag", "winogrande", "commonsense_qa", "piqa", "openbookqa", "boolq"),
      ...all("5-shot", "arc_easy", "arc_challenge", "mmlu"),
      ["truthfulqa_mc2", "0-shot"],
    ],
  },
  {
    id: "average-quick",
    name: "Average of the quick suite’s 4 tasks, 0-shot",
    members: all("0-shot", "piqa", "arc_easy", "sciq", "winogrande"),
  },
];

function all(setting: string, ...names: string[]): [string, string][] {
  return names.map((name) => [name, setting]);
}
