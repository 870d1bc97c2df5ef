// Filters: what is done to the answers to a request before they are scored. `repeats` answers come in, one or several go on.
import { invalidFile, suggest } from "../../errors.ts";
import { choiceFilter, findOne } from "./choice-filter.ts";
import type { FilterConfig, TaskConfig } from "./config.ts";
import { pythonRegex, strip } from "./python-regex.ts";
import type { Row } from "./template.ts";
import { type Answer, findTwin } from "./twins.ts";
import { FunctionTag } from "./yaml.ts";

/** A list of filters under the name that results carry. */
export interface FilterPipeline {
  name: string;
  apply(answers: readonly Answer[], row?: Row): Answer;
}

type Step = (answers: readonly Answer[], row: Row) => readonly Answer[] | { first: Answer };
type Options = Readonly<Record<string, unknown>>;

/** A filter for each text; answers of other kinds pass. */
const each =
  (change: (text: string) => string): Step =>
  (answers) =>
    answers.map((answer) => (typeof answer === "string" ? change(answer) : answer));

const steps: Readonly<Record<string, (options: Options, where: string) => Step>> = {
  take_first: () => (answers) => ({ first: answers[0]! }),
  take_first_k: ({ k }, where) => {
    if (typeof k !== "number" || !(k >= 1)) throw invalidFile(where, "take_first_k needs k, a number above 0");
    return (answers) => {
      if (answers.length >= k) return answers.slice(0, k);
      throw invalidFile(where, `take_first_k: there are ${answers.length} answers, not ${k}; raise repeats`);
    };
  },
  majority_vote: () => (answers) => {
    const counts = new Map<Answer, number>();
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const most = Math.max(...counts.values());
    return [answers.find((answer) => counts.get(answer) === most)!];
  },
  remove_whitespace: () => each(strip),
  lowercase: () => each((text) => text.toLowerCase()),
  uppercase: () => each((text) => text.toUpperCase()),
  map: ({ mapping_dict: given, default_value: otherwise = null }) => {
    const mapping = new Map(Object.entries((given ?? {}) as Record<string, unknown>));
    return each((text) => String(mapping.get(text) ?? otherwise));
  },
  regex: regexStep,
  multi_choice_regex: choiceStep,
};

function regexStep(options: Options, where: string): Step {
  const { regex, select, fallback } = regexOptions(options, where);
  return each((text) => findOne(text, regex, select) ?? fallback);
}

function choiceStep(options: Options, where: string): Step {
  const { regex, select, fallback } = regexOptions(options, where);
  const choose = choiceFilter(regex, select, fallback, options, where);
  return (answers, row) => answers.map((answer) => (typeof answer === "string" ? choose(answer, row) : answer));
}

function regexOptions(options: Options, where: string) {
  const {
    regex_pattern: pattern = "#### (\\-?[0-9\\.\\,]+)",
    group_select: select = 0,
    fallback = "[invalid]",
  } = options;
  if (typeof pattern !== "string" || !Number.isInteger(select)) {
    throw invalidFile(where, "regex takes regex_pattern, a text, and group_select, a whole number");
  }
  return { regex: pythonRegex(pattern, where), select: select as number, fallback: String(fallback) };
}

/** The filters of a task; without any, the first answer counts. @throws HandheldError that names file and field */
export function filterPipelines(config: TaskConfig, path: string): FilterPipeline[] {
  const given: FilterConfig[] = config.filter_list ?? [{ name: "none", filter: [{ function: "take_first" }] }];
  return given.map(({ name, filter }) => {
    const where = `${path}: filter_list: ${name}`;
    const run = filter.map(({ function: step, ...options }) => {
      const written = step === "custom" ? options.filter_fn : step;
      if (written instanceof FunctionTag) return findTwin(written, "filter", where);
      if (typeof step !== "string") throw invalidFile(where, "a filter is neither a name nor a function");
      const make = Object.hasOwn(steps, step) ? steps[step]! : undefined;
      if (make) return make(options, where);
      throw invalidFile(where, `unknown filter "${step}"${suggest(step, Object.keys(steps))}`);
    });
    return { name, apply: (answers, row = {}) => applyAll(run, answers, row) };
  });
}

// What only one answer is left of stays one.
function applyAll(run: readonly Step[], answers: readonly Answer[], row: Row): Answer {
  let left = answers;
  let single = false;
  for (const step of run) {
    const result = step(left, row);
    const first = "first" in result;
    left = first ? [result.first] : result;
    single = first;
  }
  if (single || left.some((answer) => typeof answer !== "string")) return left[0]!;
  return left as readonly string[];
}
