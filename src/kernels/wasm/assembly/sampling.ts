// Sampling the next token from logits; ../../reference/sampling.ts is the definition. Nothing is sorted but what must be:
// the tokens that can be drawn fall into cells by their logit, cells are weighed whole, and only a cell in which a limit
// or the draw falls is put in order. Threads share the passes over the vocabulary.
import { barrier, scratch, shareBegin, shareEnd, thread, threadScratch, threads } from "./control";
import { maximum } from "./kv";
import { exp_ps } from "./math";
import { nextRandom } from "./random";
import { sortKeys } from "./sort";

/** Logits whose largest is kept, so that a block without candidates costs one comparison. */
const BLOCK: i32 = 64;
/** Cells between the largest logit and the least one that counts. */
const CELLS: i32 = 1024;
/** ln 1e-12: what is less likely, relative to the likeliest, is left out. */
const LEAST: f32 = -27.631021;

// Scratch of a thread: weights of the cells f64 [CELLS], their tokens i32 [CELLS], four weights, four cells.
const COUNTS: usize = 8 * CELLS;
const FOUR_WEIGHTS: usize = 12 * CELLS;
const FOUR_CELLS: usize = 12 * CELLS + 16;

// The running call (every thread has its own instance of this module).
let logits: usize = 0;
let size: i32 = 0;
let temperature: f32 = 1;
let largest: f32 = 0;
/** Least logit that is looked at. */
let floor: f32 = 0;
/** Cells per unit of logit. */
let perLogit: f32 = 0;
let maxima: usize = 0;
/** The members of one cell, in order: u64 keys, the id in the lower half. */
let members: usize = 0;
let memberCount: i32 = 0;
let memberCell: i32 = -1;

/** out i32 = a token drawn from x [n]; see Backend.sample. `logMinP` is ln minP. */
export function sample(
  out: usize,
  x: usize,
  n: i32,
  state: usize,
  heat: f32,
  topK: i32,
  topP: f32,
  minP: f32,
  logMinP: f32,
  work: usize,
): void {
  logits = x;
  size = n;
  temperature = heat;
  maxima = work;
  const blocks = (n + BLOCK - 1) / BLOCK;
  members = work + (((<usize>blocks << 2) + 15) & ~15);
  memberCell = -1;
  const begin = shareBegin(blocks, 1);
  const end = shareEnd(blocks, 1);
  for (let b = begin; b < end; b++) {
    store<f32>(maxima + (<usize>b << 2), maximum(x + (<usize>(b * BLOCK) << 2), min(BLOCK, n - b * BLOCK)));
  }
  barrier();
  largest = maximum(maxima, blocks);
  floor = largest + LEAST * heat;
  if (topK > 0 && topK <= blocks) floor = max<f32>(floor, nthLargest(blocks, topK));
  // Below minP only the sum over all counts, and that only for topP; a little lower, since the exact test comes later.
  if (topP >= 1 && minP > 0) floor = max<f32>(floor, largest + heat * (logMinP - 1e-4));
  perLogit = largest > floor ? <f32>CELLS / (largest - floor) : 0;
  memory.fill(scratch(), 0, 12 * CELLS);
  for (let b = begin; b < end; b++) if (load<f32>(maxima + (<usize>b << 2)) >= floor) weighBlock(b);
  barrier();
  if (thread() != 0) return;
  merge();
  const uniform = <f64>nextRandom(state) / 4294967296.0;
  store<i32>(out, largest > -Infinity ? choose(uniform, topK, topP, minP, logMinP) : 0);
}

/** A number that at least `count` of the blocks' maxima reach, close below the count-th largest. */
function nthLargest(blocks: i32, count: i32): f32 {
  let low: f32 = Infinity;
  for (let b = 0; b < blocks; b++) {
    const value = load<f32>(maxima + (<usize>b << 2));
    if (value > -Infinity) low = min<f32>(low, value);
  }
  if (reaching(blocks, low) < count) return -Infinity;
  let high = largest;
  for (let i = 0; i < 16; i++) {
    const middle = low + (high - low) * 0.5;
    if (reaching(blocks, middle) >= count) low = middle;
    else high = middle;
  }
  return low;
}

function reaching(blocks: i32, value: f32): i32 {
  const limit = f32x4.splat(value);
  let counts = i32x4.splat(0);
  let b = 0;
  for (; b + 4 <= blocks; b += 4) counts = i32x4.sub(counts, f32x4.ge(v128.load(maxima + (<usize>b << 2)), limit));
  let sum =
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3);
  for (; b < blocks; b++) if (load<f32>(maxima + (<usize>b << 2)) >= value) sum++;
  return sum;
}

// @ts-ignore: decorator
@inline
function weights(x: v128): v128 {
  return exp_ps(f32x4.div(f32x4.sub(x, f32x4.splat(largest)), f32x4.splat(temperature)));
}

// The cell of each logit: the higher the logit, the lower the cell.
// @ts-ignore: decorator
@inline
function cells(x: v128): v128 {
  const cell = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.sub(f32x4.splat(largest), x), f32x4.splat(perLogit)));
  return i32x4.min_s(cell, i32x4.splat(CELLS - 1));
}

/** Four logits from i on; -Infinity behind the last. */
// @ts-ignore: decorator
@inline
function four(i: i32): v128 {
  const at = logits + (<usize>i << 2);
  if (i + 4 <= size) return v128.load(at);
  const x = f32x4.replace_lane(f32x4.splat(-Infinity), 0, load<f32>(at));
  if (i + 1 == size) return x;
  const y = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  return i + 2 == size ? y : f32x4.replace_lane(y, 2, load<f32>(at, 8));
}

function weighBlock(b: i32): void {
  const end = min(size, (b + 1) * BLOCK);
  const fourWeights = scratch() + FOUR_WEIGHTS;
  const fourCells = scratch() + FOUR_CELLS;
  for (let i = b * BLOCK; i < end; i += 4) {
    const x = four(i);
    let bits = i32x4.bitmask(f32x4.ge(x, f32x4.splat(floor)));
    if (bits == 0) continue;
    v128.store(fourWeights, weights(x));
    v128.store(fourCells, cells(x));
    for (; bits != 0; bits &= bits - 1) {
      const lane = <usize>ctz(bits) << 2;
      const cell = <usize>load<i32>(fourCells + lane);
      const sum = scratch() + (cell << 3);
      store<f64>(sum, load<f64>(sum) + <f64>load<f32>(fourWeights + lane));
      const count = scratch() + COUNTS + (cell << 2);
      store<i32>(count, load<i32>(count) + 1);
    }
  }
}

/** Adds the other threads' cells to those of the first. */
function merge(): void {
  for (let t = 1; t < threads(); t++) {
    const other = threadScratch(t);
    for (let at: usize = 0; at < COUNTS; at += 16) {
      v128.store(scratch() + at, f64x2.add(v128.load(scratch() + at), v128.load(other + at)));
    }
    for (let at = COUNTS; at < FOUR_WEIGHTS; at += 16) {
      v128.store(scratch() + at, i32x4.add(v128.load(scratch() + at), v128.load(other + at)));
    }
  }
}

// @ts-ignore: decorator
@inline
function sumOf(cell: i32): f64 {
  return load<f64>(scratch() + (<usize>cell << 3));
}
// @ts-ignore: decorator
@inline
function countOf(cell: i32): i32 {
  return load<i32>(scratch() + COUNTS + (<usize>cell << 2));
}

/** Puts the members of a cell in order: the likeliest first, lower ids first among equals. */
function order(cell: i32): void {
  if (memberCell == cell) return;
  memberCell = cell;
  memberCount = 0;
  const blocks = (size + BLOCK - 1) / BLOCK;
  const wanted = i32x4.splat(cell);
  for (let b = 0; b < blocks; b++) {
    const most = load<f32>(maxima + (<usize>b << 2));
    if (!(most >= floor) || i32x4.extract_lane(cells(f32x4.splat(most)), 0) > cell) continue;
    const end = min(size, (b + 1) * BLOCK);
    for (let i = b * BLOCK; i < end; i += 4) {
      const x = four(i);
      let bits = i32x4.bitmask(v128.and(f32x4.ge(x, f32x4.splat(floor)), i32x4.eq(cells(x), wanted)));
      for (; bits != 0; bits &= bits - 1) addMember(i + ctz(bits));
    }
  }
  sortKeys(members, memberCount);
}

/** A key is smaller the larger the logit: its bits, turned so that they order as integers, upside down; then the id. */
function addMember(id: i32): void {
  const bits = load<i32>(logits + (<usize>id << 2));
  const rising = <u32>(bits < 0 ? ~bits : bits | i32.MIN_VALUE);
  store<u64>(members + (<usize>memberCount << 3), (<u64>~rising << 32) | <u64>id);
  memberCount++;
}

function memberId(i: i32): i32 {
  return load<i32>(members + (<usize>i << 3));
}

function memberWeight(i: i32): f32 {
  return f32x4.extract_lane(weights(f32x4.splat(load<f32>(logits + (<usize>memberId(i) << 2)))), 0);
}

/** Weight of the first `count` members of a cell. */
function firstWeights(cell: i32, count: i32): f64 {
  if (count == 0) return 0;
  if (count == countOf(cell)) return sumOf(cell);
  order(cell);
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += <f64>memberWeight(i);
  return sum;
}

// What is kept: all cells before lastCell and lastCount members of it, of weight `kept` together.
let lastCell: i32 = 0;
let lastCount: i32 = 0;
let kept: f64 = 0;

function choose(uniform: f64, topK: i32, topP: f32, minP: f32, logMinP: f32): i32 {
  keepTopK(topK > 0 ? topK : size);
  if (topP < 1 || minP > 0) keepLikely(topP < 1 ? <f64>topP * kept : Infinity, minP, logMinP);
  let rest = uniform * kept;
  let cell = 0;
  for (; cell < lastCell && rest >= sumOf(cell); cell++) rest -= sumOf(cell);
  while (countOf(cell) == 0) cell++;
  order(cell);
  const count = cell == lastCell ? lastCount : memberCount;
  for (let i = 0; i < count; i++) {
    rest -= <f64>memberWeight(i);
    if (rest < 0) return memberId(i);
  }
  return memberId(count - 1);
}

/** Keeps the `most` likeliest. */
function keepTopK(most: i32): void {
  kept = 0;
  let left = most;
  for (let cell = 0; cell < CELLS && left > 0; cell++) {
    const count = min(left, countOf(cell));
    if (count == 0) continue;
    kept += firstWeights(cell, count);
    left -= count;
    lastCell = cell;
    lastCount = count;
  }
}

/** Of what is kept, keeps each token before which less than `bound` lies and whose weight is at least minP; and the first. */
function keepLikely(bound: f64, minP: f32, logMinP: f32): void {
  // Cells from here on may hold a weight below minP.
  const unsure = minP > 0 ? <i32>min<f32>(<f32>CELLS, -logMinP * temperature * perLogit) - 1 : CELLS;
  let sum: f64 = 0;
  for (let cell = 0; cell <= lastCell; cell++) {
    const count = cell == lastCell ? lastCount : countOf(cell);
    if (count == 0) continue;
    if (cell < lastCell && cell < unsure && sum + sumOf(cell) < bound) {
      sum += sumOf(cell);
      continue;
    }
    order(cell);
    for (let i = 0; i < count; i++) {
      const weight = memberWeight(i);
      if (sum > 0 && !(sum < bound && weight >= minP)) {
        endBefore(cell, i);
        kept = sum;
        return;
      }
      sum += <f64>weight;
    }
  }
  kept = sum;
}

/** What is kept ends before member i of a cell. */
function endBefore(cell: i32, i: i32): void {
  lastCell = cell;
  lastCount = i;
  if (i > 0) return;
  do lastCell--;
  while (countOf(lastCell) == 0);
  lastCount = countOf(lastCell);
}
