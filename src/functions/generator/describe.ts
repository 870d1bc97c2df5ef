// Counts that describe a generated data set: per function, kind and split.

import type { CallDataset, Json, Sample } from "../types.ts";

/** One call; several independent ones; several of which one takes the result of another. */
export type SampleKind = "simple" | "parallel" | "nested";

export interface SplitDescription {
  samples: number;
  phrasings: number;
  kinds: Record<SampleKind, number>;
  /** Calls of each function. */
  functions: Record<string, number>;
}

export interface DatasetDescription {
  functions: number;
  samples: number;
  uniqueQueries: number;
  splits: Record<"train" | "validation" | "test", SplitDescription>;
}

/** The kind of a sample, by its answers. */
export function kindOf(sample: Pick<Sample, "answers">): SampleKind {
  if (sample.answers.length < 2) return "simple";
  return sample.answers.some((call) => refersToResult(call.arguments)) ? "nested" : "parallel";
}

function refersToResult(value: Json): boolean {
  if (typeof value === "string") return /^result[1-9]\d*$/.test(value);
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(refersToResult);
}

/** Counts samples, phrasings, kinds and functions of each split. A joined query counts each of its phrasings. */
export function describeDataset(dataset: CallDataset): DatasetDescription {
  const { functions, train, validation, test } = dataset;
  const all = [...train, ...validation, ...test];
  const names = functions.map((f) => f.name);
  return {
    functions: functions.length,
    samples: all.length,
    uniqueQueries: new Set(all.map((sample) => sample.query)).size,
    splits: {
      train: describeSplit(train, names),
      validation: describeSplit(validation, names),
      test: describeSplit(test, names),
    },
  };
}

function describeSplit(samples: Sample[], names: string[]): SplitDescription {
  const kinds: Record<SampleKind, number> = { simple: 0, parallel: 0, nested: 0 };
  const functions: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const phrasings = new Set<string>();
  for (const sample of samples) {
    kinds[kindOf(sample)]++;
    for (const call of sample.answers) functions[call.name] = (functions[call.name] ?? 0) + 1;
    for (const id of sample.phrasing?.split("+") ?? []) phrasings.add(id);
  }
  return { samples: samples.length, phrasings: phrasings.size, kinds, functions };
}
