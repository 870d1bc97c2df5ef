// Deterministic splits of samples that come without any.

import { Random } from "../generator/random.ts";
import type { Sample } from "../types.ts";
import type { Split } from "./types.ts";

/** Shares of train, validation and test. */
const SHARES = [0.8, 0.1, 0.1] as const;

/** The samples without those whose query came before, and how many those were. */
export function withoutDuplicates<T extends Sample>(samples: readonly T[]): { kept: T[]; duplicates: number } {
  const seen = new Set<string>();
  const kept = samples.filter(({ query }) => !seen.has(query) && seen.add(query));
  return { kept, duplicates: samples.length - kept.length };
}

/**
 * 80/10/10 by `seed`, in random order. The first sample of every function goes to train, so that no function is left
 * without training samples; validation and test get at least one sample each when there are three or more.
 */
export function splitSamples<T extends Sample>(samples: readonly T[], seed: number): Record<Split, T[]> {
  const shuffled = new Random(seed).shuffle(samples);
  const known = new Set<string>();
  const first: T[] = [];
  const others: T[] = [];
  for (const sample of shuffled) {
    const isNew = sample.answers.some((call) => !known.has(call.name));
    for (const call of sample.answers) known.add(call.name);
    (isNew ? first : others).push(sample);
  }
  const ordered = [...first, ...others];
  const held = (share: number) => (samples.length < 3 ? 0 : Math.max(1, Math.round(samples.length * share)));
  const room = Math.max(0, ordered.length - first.length);
  const test = Math.min(held(SHARES[2]), Math.ceil(room / 2));
  const validation = Math.min(held(SHARES[1]), room - test);
  const train = ordered.length - validation - test;
  return {
    train: ordered.slice(0, train),
    validation: ordered.slice(train, train + validation),
    test: ordered.slice(train + validation),
  };
}
