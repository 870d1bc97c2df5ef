// Measures many things on a machine that may be disturbed: in shuffled batches with anchors between them; batches beside a
// reading that was off are measured again. Knows nothing of what is measured.
import { HandheldError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { anchorBound, deviationOf, isSteady, type Reading, referenceOf, summarize, worstAnchor } from "./anchors.ts";
import type { Anchor } from "./latency-profile.ts";
import { median } from "./whole-model.ts";

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

// How often a batch is measured again at most.
const mostRetries = 3;

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
    const values = items.map(measure);
    latest = options.readAnchors();
    return { items, values, readings: [before, latest] };
  };
  for (let visit = 0; visit < options.visits && (visit === 0 || options.hasTimeFor(count)); visit++) {
    const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
    for (let at = 0; at < count; at += options.batch) batches.push(await take(order.slice(at, at + options.batch)));
  }
  const retried = await retry(batches, take, bound, options);
  const kept = keepSteady(batches, bound);
  const anchors = summarize(
    options.anchors,
    kept.flatMap(({ readings }) => readings),
  );
  const steady = isSteady(anchors, bound);
  if (!steady && !options.acceptUnsteady) throw unsteady(anchors, bound);
  return { values: valuesOf(kept, count), anchors, steady, bound, retried };
}

async function retry(
  batches: Batch[],
  take: (items: number[]) => Promise<Batch>,
  bound: number,
  { hasTimeFor }: SteadyOptions,
): Promise<number> {
  let retried = 0;
  for (let attempt = 0; attempt < mostRetries; attempt++) {
    const reference = referenceOf(batches.flatMap(({ readings }) => readings));
    for (const [i, batch] of batches.entries()) {
      if (isKept(batch, reference, bound) || !hasTimeFor(batch.items.length)) continue;
      batches[i] = await take(batch.items);
      retried += batch.items.length;
    }
  }
  return retried;
}

function isKept({ readings }: Batch, reference: Reading, bound: number): boolean {
  return readings.every((reading) => deviationOf(reading, reference) <= bound);
}

// Batches that were off in the end count only for items that no other batch has.
function keepSteady(batches: readonly Batch[], bound: number): Batch[] {
  const reference = referenceOf(batches.flatMap(({ readings }) => readings));
  const good = batches.filter((batch) => isKept(batch, reference, bound));
  const seen = new Set(good.flatMap(({ items }) => items));
  const others = batches.filter((batch) => !good.includes(batch) && batch.items.some((item) => !seen.has(item)));
  return batches.filter((batch) => good.includes(batch) || others.includes(batch));
}

function valuesOf(batches: readonly Batch[], count: number): number[] {
  const visits: number[][] = Array.from({ length: count }, () => []);
  for (const { items, values } of batches) {
    for (const [i, item] of items.entries()) visits[item]!.push(values[i]!);
  }
  return visits.map(median);
}

function unsteady(anchors: readonly Anchor[], bound: number): HandheldError {
  return new HandheldError(
    "unsteady",
    `the machine did not stay the same while it was calibrated: ${worstAnchor(anchors)}, ${(100 * bound).toFixed(0)} % are ` +
      "allowed; end other programs, plug it in, let it cool, and calibrate again (or accept the unsteady result)",
  );
}
