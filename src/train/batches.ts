// Packs examples into batches: whole sequences end to end, no padding, about as many tokens in each batch of an epoch.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { TokenBatch } from "../model/trainable.ts";
import { createRandom } from "../random.ts";
import type { TrainExample } from "./types.ts";

/**
 * Rows that an example takes in a batch: every token up to the one before its last target. 0 when nothing in it counts.
 */
export function rowCount(example: TrainExample): number {
  for (let t = example.ids.length - 1; t > 0; t--) if (example.weights[t] !== 0) return t;
  return 0;
}

/** Puts sequences end to end. Tokens behind a sequence's last target are left out: nothing depends on them. */
export function packBatch(examples: readonly TrainExample[]): TokenBatch {
  const lengths = examples.map(rowCount);
  const N = lengths.reduce((sum, length) => sum + length, 0);
  const ids = new Int32Array(N);
  const positions = new Int32Array(N);
  const cu = new Int32Array(examples.length + 1);
  const asked: { row: number; target: number; weight: number; choices: ArrayLike<number> | null }[] = [];
  examples.forEach((example, s) => {
    const begin = cu[s]!;
    cu[s + 1] = begin + lengths[s]!;
    for (let t = 0; t < lengths[s]!; t++) {
      ids[begin + t] = example.ids[t]!;
      positions[begin + t] = t;
      const weight = example.weights[t + 1]!;
      const choices = example.choices?.[t + 1] ?? null;
      if (weight !== 0) asked.push({ row: begin + t, target: example.ids[t + 1]!, weight, choices });
    }
  });
  return {
    ids,
    positions,
    cu,
    rows: Int32Array.from(asked, ({ row }) => row),
    targets: Int32Array.from(asked, ({ target }) => target),
    weights: Float32Array.from(asked, ({ weight }) => weight),
    choices: joinChoices(asked.map(({ choices }) => choices)),
  };
}

/** The choices of a batch's rows end to end; undefined where a row may choose from the whole vocabulary. */
function joinChoices(rows: readonly (ArrayLike<number> | null)[]): TokenBatch["choices"] {
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) {
    if (row === null) return undefined;
    offsets[i + 1] = offsets[i]! + row.length;
  }
  const ids = new Int32Array(offsets[rows.length]!);
  for (const [i, row] of rows.entries()) ids.set(row!, offsets[i]);
  return { offsets, ids };
}

/** Sum of a batch's loss weights. */
export function weightSum(batch: TokenBatch): number {
  return batch.weights.reduce((sum, weight) => sum + weight, 0);
}

/**
 * Divides one epoch into batches of at most `batchTokens` rows (a longer sequence has a batch of its own): examples are
 * shuffled, so lengths mix, and batches are filled evenly, so that none is left with a few tokens. The same seed and
 * epoch give the same batches. Examples in which nothing counts are left out.
 */
export function planBatches(
  examples: readonly TrainExample[],
  options: { batchTokens: number; seed: number; epoch: number },
): TrainExample[][] {
  const order = createRandom(options.seed, "batches", options.epoch).shuffle(examples.filter((e) => rowCount(e) > 0));
  return fill(order, options.batchTokens);
}

/** Batches of examples in the order given, for measuring a loss. */
export function sequentialBatches(examples: readonly TrainExample[], batchTokens: number): TokenBatch[] {
  const counted = examples.filter((example) => rowCount(example) > 0);
  return fill(counted, batchTokens).map(packBatch);
}

function fill(examples: readonly TrainExample[], batchTokens: number): TrainExample[][] {
  const total = examples.reduce((sum, example) => sum + rowCount(example), 0);
  const wanted = total / Math.ceil(total / batchTokens);
  const batches: TrainExample[][] = [];
  let tokens = Infinity;
  for (const example of examples) {
    const length = rowCount(example);
    if (tokens >= wanted || tokens + length > batchTokens) {
      batches.push([]);
      tokens = 0;
    }
    batches.at(-1)!.push(example);
    tokens += length;
  }
  return batches;
}

/**
 * Checks what a task handed out.
 * @throws HandheldError `invalid-data` when nothing counts or an example is malformed; ContextOverflowError when one is
 *   longer than the context (in tokens).
 */
export function checkExamples(examples: readonly TrainExample[], context: number, vocabulary: number): void {
  let counted = 0;
  examples.forEach((example, i) => {
    const { ids, weights } = example;
    const fail = (reason: string) => new HandheldError("invalid-data", `training example ${i}: ${reason}`);
    if (ids.length !== weights.length) throw fail(`${ids.length} ids but ${weights.length} weights; give one per id`);
    const rows = rowCount(example);
    if (rows > context) throw new ContextOverflowError(rows, context, `training example ${i}: `);
    const bad = ids.find((id) => !(id >= 0 && id < vocabulary));
    if (bad !== undefined) throw fail(`token id ${bad} is outside the vocabulary of ${vocabulary}`);
    if (weights.some((weight) => !Number.isFinite(weight))) throw fail("a loss weight is not a number");
    counted += rows > 0 ? 1 : 0;
  });
  if (counted === 0) {
    throw new HandheldError("invalid-data", "no training examples with a target; check the data and the loss weights");
  }
}
