// Function calling by a protocol: chooses what each prompt shows, gets the answers, scores them.
import { HandheldError } from "../../errors.ts";
import { createRetriever, scoreRetrieval } from "../../functions/retrieve.ts";
import type { Call, FunctionSchema, Sample } from "../../functions/types.ts";
import type { KvFormat } from "../../kernels/backend.ts";
import type { CallEvaluation } from "../calls.ts";
import type { ModelToEvaluate } from "../evaluate.ts";
import { askCaller, askModel, type CallAnswer, type RunOptions, type TunedModel } from "./answers.ts";
import { type Comparison, loadRules } from "./comparison.ts";
import type { PromptStyle } from "./prompt.ts";
import { type CallMetric, ratio } from "./protocol.ts";
import { callProtocols, type ProtocolName } from "./protocols.ts";
import { chooseExamples, chooseTools, singleCalls, type ToolSource } from "./tools.ts";

/** What is asked, and of which functions. */
export interface CallData {
  /** As the result names it. */
  name: string;
  functions: readonly FunctionSchema[];
  samples: readonly Sample[];
  /** Where worked examples, and words for retrieval, come from: never the samples. */
  train: readonly Sample[];
}

/** Options of {@link evaluateProtocol}. */
export interface ProtocolOptions extends RunOptions {
  protocol: ProtocolName;
  /** File with the rules of comparison, see `loadRules`. Default: those that come with the package. */
  rules?: string | undefined;
  /** What becomes of the texts that the rules compare by meaning. Default `meaning`. */
  texts?: Comparison | undefined;
  /** For instruct models: worked examples in each prompt. Default 0. */
  shots?: number | undefined;
  /** For instruct models: functions in each prompt. Default 4. */
  toolsPerQuery?: number | undefined;
  /** For instruct models: where they come from. Default `gold`. */
  tools?: ToolSource | undefined;
  /** For instruct models: the form of the answers. Default `json`. */
  style?: PromptStyle | undefined;
  /** For instruct models: tokens of an answer at most. Default 256. */
  maxTokens?: number | undefined;
  /** For instruct models: number format of the KV cache. Default f32. */
  kv?: KvFormat | undefined;
  /** Of the random choice of functions. Default 1. */
  seed?: number | undefined;
  onSample?: ((sample: ScoredSample) => void) | undefined;
}

/** A sample with its answer and what it was worth. */
export interface ScoredSample {
  query: string;
  expected: readonly Call[];
  predicted: readonly Call[] | null;
  text: string;
  error?: string;
  /** By metric: what it adds to the numerator and to the denominator. */
  shares: Record<string, readonly [number, number]>;
}

/** Function calling on one data set; {@link callsRecord} is what a results store keeps of it. */
export interface ProtocolResult {
  protocol: ProtocolName;
  data: string;
  shots: number;
  n: number;
  /** Number format of the matrices. */
  weights: string;
  /** By name; shares of 1, higher is better. */
  metrics: Record<string, CallMetric>;
  /** Whether an instruct model was prompted, or a call model answered in its own form. */
  how: "prompted" | "tuned";
  /** Answers without a call in them, and queries that did not fit in the context; both are scored as wrong. */
  unparsed: number;
  tooLong: number;
  /** What could change a number; of prompts only where there are any. */
  config: {
    texts: Comparison;
    style?: PromptStyle;
    tools?: ToolSource;
    toolsPerQuery?: number;
    /** The share of the functions that queries call that their prompts showed. */
    toolRecall?: number;
    maxTokens?: number;
    seed: number;
  };
}

/**
 * Evaluates an instruct model, or a call model (`caller`), by a protocol.
 *
 * @throws HandheldError `invalid-data` without samples, `invalid-option`, `invalid-file` for the rules or the chat template,
 *   `aborted`, `io`, `out-of-memory`
 * @example
 * ```ts
 * const data = { name: "snips", functions, samples: dataset.test, train: dataset.train };
 * const { metrics } = await evaluateProtocol(model, data, { protocol: "slots", shots: 4 });
 * ```
 */
export async function evaluateProtocol(
  model: ModelToEvaluate | TunedModel,
  data: CallData,
  options: ProtocolOptions,
): Promise<ProtocolResult> {
  if (data.samples.length === 0)
    throw new HandheldError("invalid-data", `${data.name}: there are no samples to evaluate`);
  const { texts = "meaning", shots = 0, seed = 1 } = options;
  const protocol = callProtocols[options.protocol];
  const rules = await loadRules(options.rules);
  const tuned = "caller" in model;
  if (tuned && shots > 0) {
    throw new HandheldError("invalid-option", "a call model has no prompt for worked examples; leave shots at 0");
  }
  const { answers, prompting } = tuned
    ? { answers: await askCaller(model, data.samples, options), prompting: {} }
    : await prompted(model, data, options);
  const compare = { functions: new Map(data.functions.map((schema) => [schema.name, schema])), rules, texts };
  const scored = data.samples.map((sample, i) => protocol.score(answers[i]!, sample, compare));
  for (const [i, sample] of data.samples.entries()) options.onSample?.(describe(sample, answers[i]!, scored[i]!));
  const names = [...new Set(scored.flatMap((shares) => Object.keys(shares)))];
  const metric = (name: string) => ratio(scored.flatMap((shares) => (shares[name] ? [shares[name]] : [])));
  return {
    protocol: options.protocol,
    data: data.name,
    shots,
    n: data.samples.length,
    weights: model.format,
    metrics: Object.fromEntries(names.map((name) => [name, metric(name)])),
    how: tuned ? "tuned" : "prompted",
    unparsed: answers.filter(({ calls, error }) => calls === null && error === undefined).length,
    tooLong: answers.filter(({ error }) => error !== undefined).length,
    config: { texts, ...prompting, seed },
  };
}

async function prompted(model: ModelToEvaluate, data: CallData, options: ProtocolOptions) {
  const {
    shots = 0,
    toolsPerQuery = 4,
    tools = "gold",
    style = "json",
    maxTokens = 256,
    kv = "f32",
    seed = 1,
  } = options;
  const retriever = createRetriever(data.functions, { examples: data.train });
  const examples = singleCalls(shots > 0 ? data.train : []);
  const questions = data.samples.map((sample) => {
    const shown = chooseTools(sample, retriever, { source: tools, count: toolsPerQuery, seed });
    return { ...sample, tools: shown, examples: chooseExamples(shown, examples, shots) };
  });
  const response =
    callProtocols[options.protocol].asksResponse && data.samples.some((sample) => sample.response !== undefined);
  const answers = await askModel(model, questions, { ...options, style, response, maxTokens, kv });
  const toolRecall =
    tools === "gold" ? 1 : scoreRetrieval(retriever, data.samples, [toolsPerQuery]).recall[toolsPerQuery]!;
  return { answers, prompting: { style, tools, toolsPerQuery, toolRecall, maxTokens } };
}

function describe(
  { query, answers }: Sample,
  { calls, text, error }: CallAnswer,
  shares: ScoredSample["shares"],
): ScoredSample {
  return { query, expected: answers, predicted: calls, text, ...(error === undefined ? {} : { error }), shares };
}

/** What a results store keeps of an evaluation (`callsRecordSchema` in src/results/record.ts). */
export function callsRecord({ protocol, data, shots, n, weights, metrics }: ProtocolResult) {
  return { protocol, data, shots, n, weights, metrics };
}

/** The same of exact calls in the model's own form (`evaluateCalls`); `data` names the data set, `weights` the number format of the matrices. */
export function exactCallsRecord({ accuracy, softAccuracy, samples }: CallEvaluation, data: string, weights: string) {
  const stderr = samples < 2 ? null : Math.sqrt((accuracy * (1 - accuracy)) / (samples - 1));
  const metrics = { accuracy: { value: accuracy, stderr }, softAccuracy: { value: softAccuracy, stderr: null } };
  return { protocol: "calls", data, shots: 0, n: samples, weights, metrics };
}
