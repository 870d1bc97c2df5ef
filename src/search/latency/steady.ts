// Measures many things on a machine that may be disturbed: in shuffled batches, several passes each, with the anchors read
// between the passes. Times are freed of the batch's pace; what was only measured in another state is measured again. Knows
// nothing of what is measured.
import { HandheldError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { meanTime } from "../statistics.ts";
import {
  anchorBound,
  isLike,
  meanReading,
  paceOf,
  type Reading,
  readingOf,
  referenceOf,
  summarize,
  type Weights,
  worstAnchor,
} from "./anchors.ts";
import type { Anchor } from "./latency-profile.ts";

/** What is measured. */
export interface SteadyItem {
  /** Measures it once, in about a millisecond; microseconds. */
  measure(): number;
  weights: Weights;
}

/** How a series is measured. */
export interface SteadyOptions {
  /** Names of the anchors, and what reads them all. */
  anchors: readonly string[];
  readAnchors(): Reading;
  /** Most visits of each item; fewer where the time is short. */
  visits: number;
  /** Items that are measured by turns, and how often each gets its turn in a visit. */
  batch: number;
  passes: number;
  /** Whether there is time to visit so many more items. */
  hasTimeFor(items: number): boolean;
  /** Most by which one anchor may be slower than the other. Default 0.25. */
  bound?: number | undefined;
  /** Go on where the anchors are beyond the bound in the end: the result says so. */
  acceptUnsteady: boolean;
  /** Called before each batch with the share that is done; may throw. */
  pause(done: number): Promise<void>;
  /** Waits so many milliseconds; may throw. */
  rest(ms: number): Promise<void>;
}

/** What came of it. */
export interface SteadyResult {
  /** Of each item, its visits that count, as at the anchors' reference. */
  visits: number[][];
  anchors: Anchor[];
  steady: boolean;
  bound: number;
  /** Items that were visited again. */
  retried: number;
}

interface Batch {
  items: number[];
  /** Mean of the passes. */
  values: number[];
  /** What the anchors read meanwhile, on average. */
  reading: Reading;
}

// How often batches are measured again at most.
const mostRetries = 6;
const restMs = 100;

/**
 * Measures items, each up to `visits` times.
 * @throws HandheldError `unsteady` when some were never measured in the state that the machine was in most of the time
 */
export async function measureSteadily(items: readonly SteadyItem[], options: SteadyOptions): Promise<SteadyResult> {
  const bound = options.bound ?? anchorBound;
  const random = createRandom(1, "visits");
  const batches: Batch[] = [];
  const total = items.length * options.visits;
  const take = async (chosen: number[]): Promise<Batch> => {
    await options.pause(batches.reduce((sum, batch) => sum + batch.items.length, 0) / total);
    return measureBatch(chosen, items, options);
  };
  for (let visit = 0; visit < options.visits && (visit === 0 || options.hasTimeFor(items.length)); visit++) {
    const order = random.shuffle(items.map((_, i) => i));
    for (const some of inBatches(order, options.batch)) batches.push(await take(some));
  }
  const retried = await retry(batches, items.length, take, bound, options);
  const { good, known } = survey(batches, bound);
  // Batches of another state count only for items that have no other.
  const counts = (batch: Batch, item: number) => good.includes(batch) || !known.has(item);
  const others = batches.filter((batch) => !good.includes(batch) && batch.items.some((item) => !known.has(item)));
  const steady = others.length === 0;
  if (!steady && !options.acceptUnsteady) throw unsteady(options.anchors, batches, others.length, bound);
  const kept = [...good, ...others];
  const anchors = summarize(
    options.anchors,
    kept.map(({ reading }) => reading),
  );
  return { visits: visitsOf(kept, counts, items, readingOf(anchors)), anchors, steady, bound, retried };
}

async function measureBatch(chosen: number[], items: readonly SteadyItem[], options: SteadyOptions): Promise<Batch> {
  const times: number[][] = chosen.map(() => []);
  const readings: Reading[] = [options.readAnchors()];
  for (let pass = 0; pass < options.passes; pass++) {
    await options.rest(0); // lets Ctrl-C, and a page's messages, in
    chosen.forEach((item, i) => void times[i]!.push(items[item]!.measure()));
    readings.push(options.readAnchors());
  }
  return { items: chosen, values: times.map(meanTime), reading: meanReading(readings) };
}

/** Adds more batches of what was never measured in the state of most of the time. */
async function retry(
  batches: Batch[],
  count: number,
  take: (items: number[]) => Promise<Batch>,
  bound: number,
  { batch, hasTimeFor, rest }: SteadyOptions,
): Promise<number> {
  let retried = 0;
  for (let attempt = 0; attempt < mostRetries; attempt++) {
    const { known } = survey(batches, bound);
    const unknown = Array.from({ length: count }, (_, i) => i).filter((item) => !known.has(item));
    for (const some of inBatches(unknown, batch)) {
      if (!hasTimeFor(some.length)) return retried;
      await rest(restMs);
      batches.push(await take(some));
      retried += some.length;
    }
  }
  return retried;
}

function inBatches(items: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** The batches that were measured while the machine was as it was most of the time, and the items that these have. */
function survey(batches: readonly Batch[], bound: number): { good: Batch[]; known: Set<number> } {
  const reference = referenceOf(
    batches.map(({ reading }) => reading),
    bound,
  );
  const good = batches.filter(({ reading }) => isLike(reading, reference, bound));
  return { good, known: new Set(good.flatMap((batch) => batch.items)) };
}

/** The visits that count, freed of their pace. */
function visitsOf(
  batches: readonly Batch[],
  counts: (batch: Batch, item: number) => boolean,
  items: readonly SteadyItem[],
  reference: Reading,
): number[][] {
  const visits: number[][] = items.map(() => []);
  for (const batch of batches) {
    for (const [i, item] of batch.items.entries()) {
      if (!counts(batch, item)) continue;
      visits[item]!.push(batch.values[i]! / paceOf(batch.reading, reference, items[item]!.weights));
    }
  }
  return visits;
}

function unsteady(names: readonly string[], batches: readonly Batch[], off: number, bound: number): HandheldError {
  const anchors = summarize(
    names,
    batches.map(({ reading }) => reading),
  );
  return new HandheldError(
    "unsteady",
    `the machine did not stay the same while it was calibrated: ${worstAnchor(anchors)}; ${off} of ${batches.length} batches ` +
      `were never measured while it was as most of the time, to ${(100 * bound).toFixed(0)} %; end other programs, plug it in, ` +
      "let it cool, and calibrate again (or accept the unsteady result)",
  );
}
