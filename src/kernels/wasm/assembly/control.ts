// Threads: each runs the whole command list on its share of every operation and meets the others at a barrier between
// operations. Waiting spins first (a decode step is a few hundred short operations), then sleeps.
import { CONTROL, SCRATCH_BYTES } from "./op";

/**
 * Loads of an atomic before a worker without work sleeps: about 0.1 ms, longer than JavaScript takes between two
 * tokens.
 */
const SPINS: i32 = 200000;
/**
 * The same at a barrier, about 0.1 ms. A thread that sleeps costs its wake-up at each of a decode step's 260 barriers:
 * PhoneLM-0.5B on 2 threads decodes 51 tok/s with 20,000 loads, 70 with 100,000 or more (Xeon, 2 cores, quiet).
 */
const BARRIER_SPINS: i32 = 200000;

const SEQUENCE: usize = CONTROL;
const COUNT: usize = CONTROL + 64;
const ARRIVED: usize = CONTROL + 128;
const PHASE: usize = CONTROL + 192;
const SLEEPERS: usize = CONTROL + 256;
const STOP: usize = CONTROL + 320;
/** Ranges that were taken of each thread's share, a word every 8 bytes. */
const CLAIMS: usize = CONTROL + 384;

let threadIndex: i32 = 0;
let threadCount: i32 = 1;
let scratchBase: usize = 0;

/** This instance's place among the threads, and its scratch memory. */
export function configure(index: i32, count: i32, scratch: usize): void {
  threadIndex = index;
  threadCount = count;
  scratchBase = scratch;
}

// @ts-ignore: decorator
@inline
export function thread(): i32 {
  return threadIndex;
}
// @ts-ignore: decorator
@inline
export function threads(): i32 {
  return threadCount;
}
// @ts-ignore: decorator
@inline
export function scratch(): usize {
  return scratchBase;
}

/** From now on the calling thread is the only one; returns how many there were, for {@link together}. */
export function alone(): i32 {
  const all = threadCount;
  threadCount = 1;
  return all;
}
export function together(count: i32): void {
  threadCount = count;
}

/** Scratch memory of another thread, for reductions after a {@link barrier}. */
// @ts-ignore: decorator
@inline
export function threadScratch(index: i32): usize {
  return scratchBase + <usize>((index - threadIndex) * SCRATCH_BYTES);
}

/** First of n items that belong to this thread, in units of `unit` items (so tiles are not split). */
// @ts-ignore: decorator
@inline
export function shareBegin(n: i32, unit: i32): i32 {
  const units = (n + unit - 1) / unit;
  return min(n, ((units * threadIndex) / threadCount) * unit);
}
/** One past the last of n items that belong to this thread. */
// @ts-ignore: decorator
@inline
export function shareEnd(n: i32, unit: i32): i32 {
  const units = (n + unit - 1) / unit;
  return min(n, ((units * (threadIndex + 1)) / threadCount) * unit);
}

/** Whose share the running operation's next range is from, how many threads on; ranges seen of it, and the last. */
let ahead: i32 = 0;
let ranges: i32 = 0;
let rangeBegin: i32 = 0;
let rangeEnd: i32 = 0;

/** Before the first {@link claim} of an operation. */
export function startClaims(): void {
  ahead = 0;
  ranges = 0;
  rangeEnd = 0;
}

/**
 * Takes the next range of an operation's n units; false when none is left. Each thread has a share, the same every time, so
 * that what it reads may still be in its cache. It takes half of what is left of it, again and again, and then helps the
 * others with theirs: threads finish together although one may be slower. All call it with the same n until it returns
 * false, in one loop per operation.
 */
export function claim(n: i32): bool {
  if (threadCount == 1) {
    rangeBegin = rangeEnd;
    rangeEnd = n;
    return rangeBegin < n;
  }
  for (; ahead < threadCount; ahead++, ranges = 0) {
    const owner = (threadIndex + ahead) % threadCount;
    const stop = (n * (owner + 1)) / threadCount;
    if (ranges == 0) rangeEnd = (n * owner) / threadCount;
    let taken = 0;
    if (ASC_FEATURE_THREADS) taken = atomic.add<i32>(CLAIMS + (<usize>owner << 3), 1);
    do {
      rangeBegin = rangeEnd;
      rangeEnd += max(1, (stop - rangeBegin) >> 1);
    } while (ranges++ < taken && rangeEnd < stop);
    if (rangeBegin < stop && ranges > taken) return true;
  }
  return false;
}
/** First unit of the range that was claimed last. */
export function claimBegin(): i32 {
  return rangeBegin;
}
/** One past the last unit of that range. */
export function claimEnd(): i32 {
  return rangeEnd;
}

/** Waits until all threads are here. */
export function barrier(): void {
  if (threadCount == 1) return;
  if (ASC_FEATURE_THREADS) {
    const phase = atomic.load<i32>(PHASE);
    if (atomic.add<i32>(ARRIVED, 1) == threadCount - 1) {
      atomic.store<i32>(ARRIVED, 0);
      for (let t: usize = 0; t < <usize>threadCount; t++) atomic.store<i32>(CLAIMS + (t << 3), 0);
      atomic.store<i32>(PHASE, phase + 1);
      if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(PHASE, threadCount);
      return;
    }
    for (let i = 0; i < BARRIER_SPINS; i++) if (atomic.load<i32>(PHASE) != phase) return;
    atomic.add<i32>(SLEEPERS, 1);
    while (atomic.load<i32>(PHASE) == phase) atomic.wait<i32>(PHASE, phase, -1);
    atomic.sub<i32>(SLEEPERS, 1);
  }
}

/** Publishes a command list of `count` commands to the sleeping or spinning workers. */
export function publish(count: i32): void {
  if (ASC_FEATURE_THREADS && threadCount > 1) {
    atomic.store<i32>(COUNT, count);
    atomic.add<i32>(SEQUENCE, 1);
    atomic.notify(SEQUENCE, threadCount);
  }
}

/** Waits for the list after the `seen`-th; returns its number of commands, or -1 when the backend is closed. */
export function awaitWork(seen: i32): i32 {
  if (ASC_FEATURE_THREADS) {
    let i = 0;
    while (atomic.load<i32>(SEQUENCE) == seen) {
      if (i < SPINS) i++;
      else atomic.wait<i32>(SEQUENCE, seen, -1);
    }
    if (atomic.load<i32>(STOP) != 0) return -1;
    return atomic.load<i32>(COUNT);
  }
  return -1;
}
