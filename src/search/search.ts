// Architecture search: space × measure × choice, as a stream of events. Each of the three is replaceable; two searches in
// a row (a latency model over thousands, then timing over its best) need nothing else.
import { HandheldError } from "../errors.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Candidate, Choice, SearchRow } from "./choose.ts";
import type { Measure } from "./measure.ts";
import type { SearchSpace } from "./space.ts";

/** What to search, how to measure, how to choose. */
export interface SearchOptions {
  space: SearchSpace;
  measure: Measure;
  choice: Choice;
  signal?: AbortSignal | undefined;
}

/** The outcome: a table, its winner, and why. */
export interface SearchResult {
  space: { name: string; description: string; size: number };
  /** The rule in words. */
  rule: string;
  /** What was measured, best score first; rows that may not be chosen included. */
  rows: SearchRow[];
  chosen: SearchRow;
}

/** What happens during a search, in this order: `started`, a `measured` per candidate, `finished`. */
export type SearchEvent =
  | { type: "started"; size: number; candidates: readonly Candidate[] }
  | { type: "measured"; done: number; total: number; row: SearchRow }
  | { type: "finished"; result: SearchResult };

/**
 * Runs a search; nothing is printed or written.
 *
 * @throws HandheldError `invalid-spec` when the space is empty, `aborted`
 * @example
 * ```ts
 * for await (const event of search({ space, measure, choice: fastestWithinTolerance() })) {
 *   if (event.type === "finished") console.log(event.result.chosen.spec);
 * }
 * ```
 */
export async function* search(options: SearchOptions): AsyncGenerator<SearchEvent, void, undefined> {
  const { space, measure, choice, signal } = options;
  let size = 0;
  const candidates = choice.shortlist(counted(space, () => size++));
  if (candidates.length === 0) {
    throw new HandheldError("invalid-spec", `search space "${space.name}" is empty (${space.description}); widen it`);
  }
  yield { type: "started", size, candidates };
  const rows: SearchRow[] = [];
  for (const candidate of candidates) {
    if (signal?.aborted) throw new HandheldError("aborted", "stopped while searching");
    const measured = await measure(candidate.spec, signal);
    const parameters = countParameters(candidate.spec).total;
    const row = { ...candidate, parameters, measured, score: choice.score(candidate, measured) };
    rows.push(row);
    yield { type: "measured", done: rows.length, total: candidates.length, row };
  }
  const chosen = choice.choose(rows);
  rows.sort((a, b) => a.score - b.score);
  const { name, description } = space;
  yield { type: "finished", result: { space: { name, description, size }, rule: choice.description, rows, chosen } };
}

/** Runs a search to its end. `onEvent` sees every event. */
export async function runSearch(
  options: SearchOptions,
  onEvent: (event: SearchEvent) => void = () => {},
): Promise<SearchResult> {
  for await (const event of search(options)) {
    onEvent(event);
    if (event.type === "finished") return event.result;
  }
  throw new Error("a search ended without a result");
}

function* counted<T>(space: { specs(): Iterable<T> }, count: () => void): Generator<T> {
  for (const spec of space.specs()) {
    count();
    yield spec;
  }
}
