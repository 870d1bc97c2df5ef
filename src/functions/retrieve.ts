// Which functions of a large catalogue a query may be about: BM25 over their names, descriptions and arguments, and over
// queries that called them before. Needs no model; milliseconds over thousands of functions.
import { terms } from "./terms.ts";
import type { FunctionSchema, ParameterSchema, Sample } from "./types.ts";

/** A function and how well it fits a query; scores are comparable within one query only. */
export interface RankedFunction {
  function: FunctionSchema;
  score: number;
}

/** Ranks the functions of one catalogue. */
export interface Retriever {
  readonly functions: readonly FunctionSchema[];
  /** The `limit` best functions, best first; of equal ones, and of those that share no word with the query, in the catalogue's order. */
  rank(query: string, limit?: number): RankedFunction[];
}

/** Options of {@link createRetriever}. */
export interface RetrieverOptions {
  /** Queries with their calls, never those that are to be answered: words that users have for a function. */
  examples?: readonly Sample[] | undefined;
}

// These numbers and the next are the best of a few tried on validation splits in catalogues of 24 and 1,000 functions
// (bench/retrieve.ts measures the test splits).
/** How often a word counts by where it stands; one that is in all of a function's examples counts `examples` times. */
const weights = { name: 3, description: 1, argument: 1, detail: 0.5, examples: 32 } as const;
/** BM25's saturation and its share of length normalisation (Robertson and Zaragoza 2009, section 3). */
const [k1, b] = [1.2, 0.3] as const;

/** The functions that hold a term, and what it adds to the score of each. */
interface Postings {
  functions: Uint32Array;
  scores: Float32Array;
}

/**
 * Reads a catalogue once.
 *
 * @example
 * ```ts
 * const retriever = createRetriever(functions, { examples: train });
 * retriever.rank("wake me up at 8", 4).map(({ function: { name } }) => name); // ["set_alarm", …]
 * ```
 */
export function createRetriever(functions: readonly FunctionSchema[], options: RetrieverOptions = {}): Retriever {
  const documents = functions.map(countTerms);
  // Before the examples: a function that users were heard to ask for must not lose by it.
  const lengths = documents.map((counts) => [...counts.values()].reduce((sum, count) => sum + count, 0));
  addExamples(documents, functions, options.examples ?? []);
  const index = buildIndex(documents, lengths);
  const scores = new Float64Array(functions.length);
  return {
    functions,
    rank(query, limit = functions.length) {
      scores.fill(0);
      for (const term of new Set(terms(query))) {
        const postings = index.get(term);
        postings?.functions.forEach((at, i) => {
          scores[at] = scores[at]! + postings.scores[i]!;
        });
      }
      return best(scores, limit).map((at) => ({ function: functions[at]!, score: scores[at]! }));
    },
  };
}

type Counts = Map<string, number>;

function countTerms({ name, description = "", parameters }: FunctionSchema): Counts {
  const counts: Counts = new Map();
  add(counts, name, weights.name);
  add(counts, description, weights.description);
  for (const [argument, schema] of Object.entries(parameters.properties)) addParameter(counts, argument, schema);
  return counts;
}

function addParameter(counts: Counts, name: string, schema: ParameterSchema): void {
  add(counts, name, weights.argument);
  add(counts, schema.description ?? "", weights.detail);
  for (const value of schema.enum ?? []) add(counts, String(value), weights.detail);
  if (schema.items) addParameter(counts, "", schema.items);
  for (const [inner, part] of Object.entries(schema.properties ?? {})) addParameter(counts, inner, part);
}

function add(counts: Counts, text: string, weight: number): void {
  for (const term of terms(text)) counts.set(term, (counts.get(term) ?? 0) + weight);
}

/** Adds the words of the queries that called a function before. */
function addExamples(documents: readonly Counts[], functions: readonly FunctionSchema[], examples: readonly Sample[]) {
  const places = new Map(functions.map(({ name }, at) => [name, at]));
  const queries = functions.map((): string[] => []);
  for (const { query, answers } of examples) {
    for (const name of new Set(answers.map((call) => call.name))) queries[places.get(name) ?? -1]?.push(query);
  }
  queries.forEach((own, at) => {
    for (const query of own) add(documents[at]!, query, weights.examples / own.length);
  });
}

function buildIndex(documents: readonly Counts[], lengths: readonly number[]): Map<string, Postings> {
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  const places = new Map<string, number[]>();
  documents.forEach((counts, at) => {
    for (const term of counts.keys()) {
      const list = places.get(term);
      if (list) list.push(at);
      else places.set(term, [at]);
    }
  });
  const index = new Map<string, Postings>();
  for (const [term, list] of places) {
    const counts = list.map((at) => documents[at]!.get(term)!);
    // A word that one function's examples are full of is rare, even if it strays into the examples of all others.
    const most = counts.reduce((a, b) => Math.max(a, b));
    const frequency = counts.reduce((sum, count) => sum + count / most, 0);
    const rarity = Math.log(1 + (documents.length - frequency + 0.5) / (frequency + 0.5));
    const scores = counts.map((count, i) => {
      const norm = k1 * (1 - b + (b * lengths[list[i]!]!) / average);
      return (rarity * count * (k1 + 1)) / (count + norm);
    });
    index.set(term, { functions: Uint32Array.from(list), scores: Float32Array.from(scores) });
  }
  return index;
}

/** Indices of the highest scores, highest first, of equal ones the lower index first. */
function best(scores: Float64Array, limit: number): number[] {
  const before = (a: number, b: number) => scores[b]! - scores[a]! || a - b;
  if (limit >= scores.length) return [...scores.keys()].sort(before);
  const kept: number[] = [];
  for (const at of scores.keys()) {
    if (kept.length === limit && before(at, kept[limit - 1]!) > 0) continue;
    const place = kept.findIndex((other) => before(at, other) < 0);
    kept.splice(place < 0 ? kept.length : place, 0, at);
    kept.length = Math.min(kept.length, limit);
  }
  return kept;
}

/** How often a retriever finds what a query is about. */
export interface RetrievalScores {
  /** By number of functions retrieved: the share of a query's functions that are among them, averaged over queries. */
  recall: Record<number, number>;
  /** Mean reciprocal rank of the first function that the query calls. */
  meanReciprocalRank: number;
  samples: number;
}

/** Measures a retriever on queries whose calls are known. */
export function scoreRetrieval(
  retriever: Retriever,
  samples: readonly Sample[],
  limits: readonly number[] = [1, 2, 4, 8],
): RetrievalScores {
  const recall = new Map(limits.map((limit) => [limit, 0]));
  let reciprocal = 0;
  for (const { query, answers } of samples) {
    const wanted = new Set(answers.map(({ name }) => name));
    const ranked = retriever.rank(query).map(({ function: { name } }) => name);
    for (const limit of limits) {
      const found = ranked.slice(0, limit).filter((name) => wanted.has(name)).length;
      recall.set(limit, recall.get(limit)! + found / wanted.size / samples.length);
    }
    const first = ranked.findIndex((name) => wanted.has(name));
    if (first >= 0) reciprocal += 1 / (first + 1) / samples.length;
  }
  return { recall: Object.fromEntries(recall), meanReciprocalRank: reciprocal, samples: samples.length };
}
