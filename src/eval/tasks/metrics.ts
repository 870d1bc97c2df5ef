// Metrics: which ones a task has, and their values for one document. How values become one number is aggregate.ts.
import { HandheldError, invalidFile, suggest } from "../../errors.ts";
import { type Aggregate, type Aggregation, aggregations } from "./aggregate.ts";
import type { MetricConfig, OutputType, TaskConfig } from "./config.ts";
import type { Fields, Piece } from "./fields.ts";
import { characters, pythonRegex, space } from "./python-regex.ts";
import type { Row } from "./template.ts";
import { type Answer, findTwin, type SampleValue } from "./twins.ts";
import { FunctionTag } from "./yaml.ts";

/** A metric of a task. */
export interface MetricRule {
  name: string;
  aggregation: Aggregate;
  higherIsBetter: boolean;
}

/** What a task makes of the answers to a document's requests. */
export interface Metrics {
  rules: readonly MetricRule[];
  /** @throws HandheldError `invalid-data` where the right answer is none of the choices' */
  values(row: Row, answers: readonly Answer[]): Record<string, SampleValue>;
}

const known: Readonly<Record<string, [Aggregation, boolean, ...OutputType[]]>> = {
  acc: ["mean", true, "multiple_choice", "loglikelihood"],
  acc_norm: ["mean", true, "multiple_choice"],
  acc_bytes: ["mean", true, "multiple_choice"],
  acc_mutual_info: ["mean", true, "multiple_choice"],
  exact_match: ["mean", true, "multiple_choice", "generate_until"],
  brier_score: ["brier_score", false, "multiple_choice"],
  f1: ["f1", true, "multiple_choice"],
  mcc: ["matthews_corrcoef", true, "multiple_choice"],
  perplexity: ["perplexity", false, "loglikelihood"],
  word_perplexity: ["weighted_perplexity", false, "loglikelihood_rolling"],
  byte_perplexity: ["weighted_perplexity", false, "loglikelihood_rolling"],
  bits_per_byte: ["bits_per_byte", false, "loglikelihood_rolling"],
};

const usual: Readonly<Record<OutputType, readonly string[]>> = {
  multiple_choice: ["acc", "acc_norm"],
  loglikelihood: ["perplexity", "acc"],
  loglikelihood_rolling: ["word_perplexity", "byte_perplexity", "bits_per_byte"],
  generate_until: ["exact_match"],
};

/** The metrics of a task. @throws HandheldError `invalid-file` or `unsupported` that names file and field */
export function createMetrics(config: TaskConfig, fields: Fields, path: string): Metrics {
  const listed: MetricConfig[] = config.metric_list ?? usual[config.output_type].map((metric) => ({ metric }));
  const rules = listed.map((entry, i) => metricRule(entry, config, `${path}: metric_list.${i}`));
  const wanted = new Set(rules.map(({ name }) => name));
  const only = (values: Record<string, SampleValue>) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => wanted.has(name)));
  if (config.process_results) {
    const run = findTwin(config.process_results, "results", `${path}: process_results`);
    return { rules, values: (row, answers) => only(run(row, answers)) };
  }
  switch (config.output_type) {
    case "multiple_choice":
      return { rules, values: (row, answers) => only(choiceValues(fields, row, answers, path)) };
    case "loglikelihood":
      return { rules, values: (_, [answer]) => only(likelihoodValues(answer!)) };
    case "loglikelihood_rolling":
      return { rules, values: (row, [answer]) => only(rollingValues(fields, row, answer!)) };
    case "generate_until": {
      const match = exactMatch(listed.find(({ metric }) => metric === "exact_match") ?? {}, `${path}: metric_list`);
      const own = listed.flatMap(({ metric }, i) =>
        typeof metric === "string"
          ? []
          : [{ name: nameOf(metric), run: findTwin(metric, "metric", `${path}: metric_list.${i}`) }],
      );
      return {
        rules,
        values: (row, [answer]) => {
          const right = rightTexts(fields, row);
          const values = own.map(({ name, run }) => [name, run(right, answerText(answer!))] as const);
          return only({ exact_match: match(right, answer!), ...Object.fromEntries(values) });
        },
      };
    }
  }
}

/** Whether a task asks for the choices without context too. */
export function needsUnconditional(metrics: Metrics): boolean {
  return metrics.rules.some(({ name }) => name === "acc_mutual_info");
}

function metricRule(entry: MetricConfig, config: TaskConfig, where: string): MetricRule {
  const { metric, aggregation, higher_is_better: higher } = entry;
  const name = nameOf(metric);
  const usualRule = Object.hasOwn(known, name) ? known[name] : undefined;
  const custom = Boolean(config.process_results) || typeof metric !== "string";
  if (typeof metric !== "string" && !config.process_results && config.output_type !== "generate_until") {
    throw new HandheldError(
      "unsupported",
      `${where}: a metric written in Python, of output_type ${config.output_type}`,
    );
  }
  // Of choices the harness aggregates which one is right and which was chosen, whoever's the metric is.
  if (!custom && entry.hf_evaluate && config.output_type !== "multiple_choice" && name !== "exact_match") {
    throw new HandheldError("unsupported", `${where}: metric "${name}" of the Python package evaluate (hf_evaluate)`);
  }
  if (!custom && usualRule === undefined) {
    throw invalidFile(
      where,
      `unknown metric "${name}"${suggest(name, Object.keys(known)) || `; there are ${Object.keys(known).join(", ")}`}`,
    );
  }
  if (!custom && !usualRule?.includes(config.output_type)) {
    throw invalidFile(where, `metric "${name}" is none of output_type ${config.output_type}`);
  }
  const [usualAggregation, usualHigher] = usualRule ?? (["mean", true] as const);
  return {
    name,
    aggregation: aggregationOf(aggregation ?? usualAggregation, where),
    higherIsBetter: higher ?? usualHigher,
  };
}

function aggregationOf(how: string | FunctionTag, where: string): Aggregate {
  if (how instanceof FunctionTag) return findTwin(how, "aggregation", `${where}: aggregation`);
  const found = aggregations.find((name) => name === how);
  if (found) return found;
  throw invalidFile(
    where,
    `unknown aggregation "${how}"${suggest(how, aggregations) || `; there are ${aggregations.join(", ")}`}`,
  );
}

/** A metric's name in results: of one written in Python its function's. */
function nameOf(metric: string | FunctionTag): string {
  return typeof metric === "string" ? metric : metric.name.split(".").at(-1)!;
}

function choiceValues(fields: Fields, row: Row, answers: readonly Answer[], path: string): Record<string, SampleValue> {
  const choices = fields.choices!(row);
  const scores = answers as readonly { logLikelihood: number; greedy: boolean }[];
  const all = scores.map(({ logLikelihood }) => logLikelihood);
  const [lls, alone] = [all.slice(0, choices.length), all.slice(choices.length)];
  const text = fields.text(row);
  const gold = goldOf(typeof text === "number" ? text : fields.target(row), choices, path);
  const right = (scored: readonly number[]) => Number(gold.includes(argmax(scored)));
  const shares = softmax(lls);
  return {
    acc: right(lls),
    acc_norm: right(lls.map((ll, i) => ll / characters(choices[i]!))),
    acc_bytes: right(lls.map((ll, i) => ll / new TextEncoder().encode(choices[i]!).byteLength)),
    exact_match: Number(gold.some((i) => scores[i]!.greedy)),
    f1: [gold[0]!, argmax(lls)],
    mcc: [gold[0]!, argmax(lls)],
    brier_score: shares.reduce((sum, share, i) => sum + (share - Number(i === gold[0])) ** 2, 0),
    ...(alone.length > 0 && { acc_mutual_info: right(lls.map((ll, i) => ll - alone[i]!)) }),
  };
}

/** Indices of the right choices. */
function goldOf(target: Piece | Piece[], choices: readonly string[], path: string): number[] {
  return [target].flat().map((one) => {
    const at = typeof one === "number" ? one : choices.indexOf(one);
    if (at >= 0 && at < choices.length) return at;
    const reason = `doc_to_target gives ${JSON.stringify(one)}, which is none of the ${choices.length} choices`;
    throw new HandheldError("invalid-data", `${path}: ${reason}`);
  });
}

function likelihoodValues(answer: Answer): Record<string, SampleValue> {
  const { logLikelihood, greedy } = answer as { logLikelihood: number; greedy: boolean };
  return { perplexity: logLikelihood, acc: Number(greedy) };
}

function rollingValues(fields: Fields, row: Row, answer: Answer): Record<string, SampleValue> {
  const { logLikelihood } = answer as { logLikelihood: number };
  const text = String(fields.target(row));
  const words = text.split(new RegExp(`${space}+`)).length;
  const bytes = new TextEncoder().encode(text).byteLength;
  return {
    word_perplexity: [logLikelihood, words],
    byte_perplexity: [logLikelihood, bytes],
    bits_per_byte: [logLikelihood, bytes],
  };
}

function rightTexts(fields: Fields, row: Row): string[] {
  const choices = fields.choices?.(row);
  return [fields.target(row)].flat().map((one) => (choices && typeof one === "number" ? choices[one]! : String(one)));
}

/** Whether an answer is one of the right texts, but for what the metric ignores. */
function exactMatch(options: Readonly<Record<string, unknown>>, where: string) {
  const { ignore_case: noCase, ignore_punctuation: noPunctuation, ignore_numbers: noNumbers } = options;
  const patterns = ((options.regexes_to_ignore ?? []) as unknown[]).map((one) => pythonRegex(String(one), where));
  const normal = (text: string) => {
    let left = patterns.reduce((rest, regex) => rest.replace(regex, ""), text);
    if (noCase) left = left.toLowerCase();
    if (noPunctuation) left = left.replace(/[!-/:-@[-`{-~]/g, "");
    return noNumbers ? left.replace(/[0-9]/g, "") : left;
  };
  return (right: readonly string[], answer: Answer): number => {
    const given = normal(answerText(answer));
    return Number(right.some((text) => normal(text) === given));
  };
}

function answerText(answer: Answer): string {
  return typeof answer === "string" ? answer : String((answer as readonly string[])[0]);
}

/** Index of the largest; of equals the first. */
function argmax(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - most));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}
