// How often a model's calls are right: runs a Caller over samples and scores the answers with the papers' two metrics.
import { HandheldError } from "../errors.ts";
import { callsEqual, type ScoredPair, scoreCalls } from "../functions/metrics.ts";
import type { Call, Sample } from "../functions/types.ts";
import type { Caller } from "../generate/calls.ts";
import { nextTurn } from "../turn.ts";

/** Scores over a set of samples; accuracies are shares, 0..1, higher is better. */
export interface CallEvaluation {
  accuracy: number;
  softAccuracy: number;
  samples: number;
  /** Per function of the expected calls: samples, those entirely right, and functions that were called in its place. */
  functions: FunctionCounts[];
  /** The first wrong answers. */
  mistakes: { query: string; expected: readonly Call[]; predicted: readonly Call[] | null; error?: string }[];
  /** Speed over all answers, in tokens per second. */
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
}

/** How one function fared. */
export interface FunctionCounts {
  name: string;
  right: number;
  samples: number;
  /** Most frequent first. */
  confusedWith: { name: string; count: number }[];
}

/** Options of {@link evaluateCalls}. */
export interface CallEvaluationOptions {
  signal?: AbortSignal | undefined;
  /** Called now and then with the number of samples done. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** Wrong answers to keep. Default 20. */
  mistakes?: number | undefined;
}

/**
 * Answers every query and scores it. A query that does not fit in the context counts as wrong and is among the mistakes.
 * @throws HandheldError `invalid-data` when there are no samples, `aborted` when the signal says so.
 */
export async function evaluateCalls(
  caller: Caller,
  samples: readonly Sample[],
  options: CallEvaluationOptions = {},
): Promise<CallEvaluation> {
  if (samples.length === 0) throw new HandheldError("invalid-data", "there are no samples to evaluate");
  const pairs: ScoredPair[] = [];
  const mistakes: CallEvaluation["mistakes"] = [];
  const perFunction = new Map<string, Counts>();
  const total = { promptTokens: 0, prefillMs: 0, tokens: 0, decodeMs: 0 };
  const functions = caller.codec.functions;
  let paused = performance.now();
  for (const [i, sample] of samples.entries()) {
    const { predicted, error } = answer(caller, sample.query, total);
    const pair = { predicted, expected: sample.answers };
    const right = callsEqual(predicted, sample.answers, functions);
    pairs.push(pair);
    if (!right && mistakes.length < (options.mistakes ?? 20)) {
      mistakes.push({ query: sample.query, ...pair, ...(error === undefined ? {} : { error }) });
    }
    count(perFunction, pair, right);
    if (performance.now() - paused > 100) {
      options.onProgress?.(i + 1, samples.length);
      await nextTurn();
      if (options.signal?.aborted) throw new HandheldError("aborted", "the evaluation was interrupted");
      paused = performance.now();
    }
  }
  return {
    ...scoreCalls(pairs, functions),
    functions: listCounts(perFunction),
    mistakes,
    prefillTokensPerSecond: perSecond(total.promptTokens, total.prefillMs),
    decodeTokensPerSecond: perSecond(total.tokens, total.decodeMs),
  };
}

/** 0 when there was nothing to time. */
function perSecond(tokens: number, ms: number): number {
  return tokens === 0 ? 0 : (1000 * tokens) / ms;
}

function answer(
  caller: Caller,
  query: string,
  total: { promptTokens: number; prefillMs: number; tokens: number; decodeMs: number },
): { predicted: Call[] | null; error?: string } {
  try {
    const result = caller.call(query);
    total.promptTokens += result.promptTokens;
    total.prefillMs += result.prefillMs;
    total.tokens += result.tokens;
    total.decodeMs += result.decodeMs;
    return { predicted: result.calls };
  } catch (error) {
    if (error instanceof HandheldError && (error.code === "context-overflow" || error.code === "invalid-call")) {
      return { predicted: null, error: error.message };
    }
    throw error;
  }
}

/** At most `count` samples (all by default), evenly spread over the list. */
export function spread(samples: readonly Sample[], count = samples.length): Sample[] {
  if (samples.length <= count) return [...samples];
  return Array.from({ length: count }, (_, i) => samples[Math.floor((i * samples.length) / count)]!);
}

interface Counts {
  right: number;
  samples: number;
  confused: Map<string, number>;
}

function count(counts: Map<string, Counts>, { predicted, expected }: ScoredPair, right: boolean): void {
  const wanted = new Set(expected.map(({ name }) => name));
  const called = new Set(predicted?.map(({ name }) => name));
  for (const name of wanted) {
    const entry = counts.get(name) ?? { right: 0, samples: 0, confused: new Map<string, number>() };
    counts.set(name, entry);
    entry.samples++;
    if (right) entry.right++;
    if (called.has(name)) continue;
    for (const other of called) {
      if (!wanted.has(other)) entry.confused.set(other, (entry.confused.get(other) ?? 0) + 1);
    }
  }
}

function listCounts(counts: ReadonlyMap<string, Counts>): FunctionCounts[] {
  const names = [...counts.keys()].sort();
  return names.map((name) => {
    const { right, samples, confused } = counts.get(name)!;
    const confusedWith = Array.from(confused, ([other, times]) => ({ name: other, count: times }));
    return { name, right, samples, confusedWith: confusedWith.sort((a, b) => b.count - a.count) };
  });
}
