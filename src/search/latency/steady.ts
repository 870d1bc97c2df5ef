// Measures many things on a machine that may be disturbed: in shuffled batches with anchors between them; batches beside a
// reading that was off are measured again. Knows nothing of what is measured.
import { HandheldError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { median } from "../statistics.ts";
import { anchorBound, deviationOf, isSteady, type Reading, referenceOf, summarize, worstAnchor } from "./anchors.ts";
import type { Anchor } from "./latency-profile.ts";

/** How a series is measured. */
export interface SteadyOptions {
  /** Names of the anchors, and what reads them all. */
  anchors: readonly string[];
  readAnchors(): Reading;
  /** Most visits of each measurement; fewer where the time is short. */
  visits: number;
  /** Measurements between two readings of the anchors. */
  batch: number;
  /** Whether there is time to measure so many more. */
  hasTimeFor(measurements: number): boolean;
  /** Largest spread and drift of an anchor. Default 0.15. */
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
  /** Median of the visits of each measurement. */
  values: number[];
  anchors: Anchor[];
  steady: boolean;
  bound: number;
  /** Measurements that were made again. */
  retried: number;
}

interface Batch {
  items: number[];
  values: number[];
  /** Readings before and after it. */
  readings: [Reading, Reading];
}

// How often a batch is measured again at most, and how long is waited for the anchors to come back before that.
const mostRetries = 6;
const restMs = 200;
const mostRests = 50;

/**
 * Measures items 0…count by `measure`, each up to `visits` times.
 * @throws HandheldError `unsteady` when the anchors disagree beyond the bound after all retries
 */
export async function measureSteadily(
  count: number,
  measure: (item: number) => number,
  options: SteadyOptions,
): Promise<SteadyResult> {
  const bound = options.bound ?? anchorBound;
  const random = createRandom(1, "visits");
  const batches: Batch[] = [];
  const total = count * options.visits;
  let latest: Reading | null = null;
  const take = async (items: number[]): Promise<Batch> => {
    await options.pause(batches.reduce((sum, batch) => sum + batch.items.length, 0) / total);
    const before: Reading = latest ?? options.readAnchors();
    // Twice, some tenths of a second apart: a short disturbance spoils one of the two, and only ever adds time.
    const first = items.map(measure);
    const values = items.map((item, i) => Math.min(first[i]!, measure(item)));
    latest = options.readAnchors();
    return { items, values, readings: [before, latest] };
  };
  const settle = async (reference: Reading) => {
    for (let rests = 0; rests < mostRests && options.hasTimeFor(options.batch); rests++) {
      latest = options.readAnchors();
      if (deviationOf(latest, reference) <= bound) return;
      await options.rest(restMs);
    }
  };
  let retried = 0;
  for (let visit = 0; visit < options.visits && (visit === 0 || options.hasTimeFor(count)); visit++) {
    const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
    for (let at = 0; at < count; at += options.batch) batches.push(await take(order.slice(at, at + options.batch)));
    retried += await retry(batches, take, settle, bound, options);
  }
  const { good, known } = survey(batches, bound);
  // Batches that were off in the end count only where an item has no other.
  const others = batches.filter((batch) => !good.includes(batch) && batch.items.some((item) => !known.has(item)));
  const kept = [...good, ...others];
  const anchors = summarize(
    options.anchors,
    kept.flatMap(({ readings }) => readings),
  );
  const steady = others.length === 0 && isSteady(anchors, bound);
  if (!steady && !options.acceptUnsteady) throw unsteady(options.anchors, batches, others.length, bound);
  return { values: valuesOf(kept, count), anchors, steady, bound, retried };
}

/** Measures batches again that were off and have items that no other batch has. */
async function retry(
  batches: Batch[],
  take: (items: number[]) => Promise<Batch>,
  settle: (reference: Reading) => Promise<void>,
  bound: number,
  { hasTimeFor }: SteadyOptions,
): Promise<number> {
  let retried = 0;
  for (let attempt = 0; attempt < mostRetries; attempt++) {
    const { reference, good, known } = survey(batches, bound);
    for (const [i, batch] of batches.entries()) {
      if (good.includes(batch) || batch.items.every((item) => known.has(item))) continue;
      if (!hasTimeFor(batch.items.length)) return retried;
      await settle(reference);
      batches[i] = await take(batch.items);
      retried += batch.items.length;
    }
  }
  return retried;
}

function readingsOf(batches: readonly Batch[]): Reading[] {
  return batches.flatMap(({ readings }) => readings);
}

/** How the machine was most of the time, the batches that were measured then, and the items that these have. */
function survey(batches: readonly Batch[], bound: number): { reference: Reading; good: Batch[]; known: Set<number> } {
  const reference = referenceOf(readingsOf(batches), bound);
  const good = batches.filter(({ readings }) => readings.every((reading) => deviationOf(reading, reference) <= bound));
  return { reference, good, known: new Set(good.flatMap(({ items }) => items)) };
}

function valuesOf(batches: readonly Batch[], count: number): number[] {
  const visits: number[][] = Array.from({ length: count }, () => []);
  for (const { items, values } of batches) {
    for (const [i, item] of items.entries()) visits[item]!.push(values[i]!);
  }
  return visits.map(median);
}

function unsteady(names: readonly string[], batches: readonly Batch[], off: number, bound: number): HandheldError {
  const anchors = summarize(names, readingsOf(batches));
  const seldom =
    off > 0 ? `; ${off} of ${batches.length} batches were never measured while it was as most of the time` : "";
  return new HandheldError(
    "unsteady",
    `the machine did not stay the same while it was calibrated: ${worstAnchor(anchors)}, ${(100 * bound).toFixed(0)} % are ` +
      `allowed${seldom}; end other programs, plug it in, let it cool, and calibrate again (or accept the unsteady result)`,
  );
}
