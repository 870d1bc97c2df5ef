// Generates a data set of queries and calls for the built-in catalogue. Splits are by phrasing: no query of the test
// split comes from a template that training has seen, or from one that is near such a template.

import { HandheldError } from "../../errors.ts";
import { ANDROID_CATALOGUE } from "../catalogue/index.ts";
import type { CallDataset, Sample } from "../types.ts";
import { cross } from "./cross.ts";
import type { Phrasing } from "./phrasing.ts";
import type { Family } from "./phrasings/index.ts";
import { Random } from "./random.ts";
import { makeSample, type SampleContext } from "./sample.ts";
import { type SplitName, splitPhrasings } from "./split.ts";

export interface GenerateOptions {
  /** Samples over all splits; 10,000 by default. */
  samples?: number;
  /** The same seed gives the same data set; 1 by default. */
  seed?: number;
  /** Share of validation and of test, of samples and of phrasings; 0.1 each by default. */
  validationShare?: number;
  testShare?: number;
  /** Share of queries that join several independent requests; 0.1 by default. */
  parallelShare?: number;
  /** Share of queries with a typing error; 0.05 by default. */
  typoShare?: number;
}

/** Redraws of one sample before giving up: queries are unique, and phrasings without slots have few variants. */
const MAX_REDRAWS = 200;

/**
 * Generates queries and calls for the built-in catalogue; throws invalid-option for counts and shares out of range.
 *
 * @example
 * ```ts
 * const { train, test } = generateDataset({ samples: 10_000, seed: 1 });
 * train[0]; // { query: "wake me up at 8", answers: [{ name: "set_alarm", arguments: { hour: 8, minute: 0 } }], … }
 * ```
 */
export function generateDataset(options: GenerateOptions = {}): CallDataset {
  const { samples, seed, shares, parallelShare, typoShare } = checked(options);
  const split = splitPhrasings(seed, shares);
  const random = new Random(seed);
  const seen = new Set<string>();
  const counts = {
    validation: Math.round(samples * shares.validation),
    test: Math.round(samples * shares.test),
  };
  const draw = (name: SplitName, count: number): Sample[] => {
    const context = { random, training: name === "train", typos: typoShare };
    return drawSamples(new PhrasingPool(split[name]), count, parallelShare, context, seen);
  };
  // Held-out splits first: their few phrasings without slots have the fewest variants.
  const test = draw("test", counts.test);
  const validation = draw("validation", counts.validation);
  const train = draw("train", samples - counts.test - counts.validation);
  return { functions: structuredClone([...ANDROID_CATALOGUE]), train, validation, test };
}

/**
 * Draws fresh training samples of the data set that {@link generateDataset} makes with the same options: its training
 * phrasings, some of them crossed, with other arguments, joints and surfaces. Draws 1, 2, … differ; training asks for one
 * per epoch.
 */
export function redrawTraining(options: GenerateOptions = {}): (draw: number) => Sample[] {
  const { samples, seed, shares, parallelShare, typoShare } = checked(options);
  const count = samples - Math.round(samples * shares.validation) - Math.round(samples * shares.test);
  const pool = new PhrasingPool(splitPhrasings(seed, shares).train, CROSSED_SHARE);
  return (draw) => {
    const random = new Random((seed ^ Math.imul(draw, 0x9e3779b1)) >>> 0);
    return drawSamples(pool, count, parallelShare, { random, training: true, typos: typoShare }, new Set());
  };
}

function checked(options: GenerateOptions) {
  const { samples = 10_000, seed = 1, validationShare = 0.1, testShare = 0.1 } = options;
  const { parallelShare = 0.1, typoShare = 0.05 } = options;
  const fail = (what: string, value: number, rule: string): never => {
    throw new HandheldError("invalid-option", `generateDataset: ${what} is ${value}; ${rule}`);
  };
  if (!Number.isInteger(samples) || samples < 1) fail("samples", samples, "use a whole number of at least 1");
  if (!Number.isInteger(seed)) fail("seed", seed, "use a whole number");
  for (const [what, value] of Object.entries({ validationShare, testShare, parallelShare, typoShare })) {
    if (!(value >= 0 && value <= 1)) fail(what, value, "use a number from 0 to 1");
  }
  const heldOut = validationShare + testShare;
  if (heldOut > 0.4) fail("validationShare + testShare", heldOut, "use at most 0.4, training needs most phrasings");
  return { samples, seed, shares: { validation: validationShare, test: testShare }, parallelShare, typoShare };
}

/** Share of the phrasings that {@link redrawTraining} crosses with another. */
const CROSSED_SHARE = 0.4;
/** Partners that are tried for a phrasing: most pairs share no slot, or would lose a value. */
const CROSSING_TRIES = 4;

/** Requests that take several calls are rarer on a phone than the many ways to phrase them make it look. */
const NESTED_WEIGHT = 0.6;

/** The phrasings of one split, drawn by the weight of their family. */
class PhrasingPool {
  readonly #families: { family: Family; phrasings: Phrasing[] }[];
  readonly #weights: number[];
  readonly #partWeights: number[];
  readonly #crossedShare: number;

  constructor(phrasings: readonly Phrasing[], crossedShare = 0) {
    this.#crossedShare = crossedShare;
    const byFamily = Map.groupBy(phrasings, (phrasing) => phrasing.family);
    this.#families = [...byFamily].map(([family, members]) => ({ family, phrasings: members }));
    this.#weights = this.#families.map(({ family }) => family.weight * (family.calls.length > 1 ? NESTED_WEIGHT : 1));
    // In joined requests most parts are single calls; parts of two calls are rarer, longer ones do not occur.
    this.#partWeights = this.#families.map(({ family }) => family.weight * ([1, 0.2][family.calls.length - 1] ?? 0));
  }

  one(random: Random): Phrasing {
    return this.#pick(this.#families[random.weighted(this.#weights)]?.phrasings ?? [], random);
  }

  #pick(phrasings: readonly Phrasing[], random: Random): Phrasing {
    const first = random.pick(phrasings);
    if (!random.chance(this.#crossedShare)) return first;
    for (let tries = 0; tries < CROSSING_TRIES; tries++) {
      const second = random.pick(phrasings);
      const crossed = first.imperative === second.imperative ? cross(first, second, random) : undefined;
      if (crossed !== undefined) return crossed;
    }
    return first;
  }

  /** Phrasings of different families, to be joined. */
  several(random: Random, count: number): Phrasing[] {
    const chosen = new Map<Family, Phrasing>();
    for (let tries = 0; chosen.size < count && tries < 50; tries++) {
      const entry = this.#families[random.weighted(this.#partWeights)];
      if (entry !== undefined) chosen.set(entry.family, this.#pick(entry.phrasings, random));
    }
    return [...chosen.values()];
  }
}

function drawSamples(
  pool: PhrasingPool,
  count: number,
  parallelShare: number,
  context: SampleContext,
  seen: Set<string>,
): Sample[] {
  const { random } = context;
  const samples: Sample[] = [];
  let redraws = 0;
  while (samples.length < count) {
    const parts = random.chance(parallelShare) ? pool.several(random, random.chance(0.1) ? 3 : 2) : [pool.one(random)];
    const sample = makeSample(parts, context);
    const key = sample.query.toLowerCase();
    if (!seen.has(key)) {
      seen.add(key);
      samples.push(sample);
      redraws = 0;
    } else if (++redraws > MAX_REDRAWS) {
      throw new HandheldError(
        "invalid-option",
        `generateDataset: only ${samples.length} of ${count} different queries found; ask for fewer samples`,
      );
    }
  }
  return samples;
}
