// Times operations on a backend: many in a row, in short slices.
import type { Ptr } from "../../kernels/backend.ts";
import { int4Bytes } from "../../quant/int4.ts";
import type { Stage } from "./stage.ts";
import type { Trial } from "./trials.ts";

/** Milliseconds of a slice: short, for what others do on a shared processor comes and goes within milliseconds. */
export const sliceMs = 2;

/** How a stopwatch measures. */
export interface StopwatchOptions {
  /** Milliseconds of one slice, more where the clock is coarse. */
  sliceMs: number;
  /** Milliseconds of a clock. */
  now: () => number;
}

const fastestOf = 12;
// A page that is not isolated has a clock that ticks ten times a millisecond.
const ticksPerSlice = 50;
const longestSliceMs = 10;
/** Warming up ends after the time of so many slices. */
const mostWarmUpSlices = 10;
// Below the 2,048 commands of the queue.
const listCommands = 1500;
// The side of a square matrix whose product with one token is work enough for all threads.
const fillerColumns = 2048;

/** Measures trials. */
export class Stopwatch {
  private readonly stage: Stage;
  private readonly options: StopwatchOptions;
  private readonly fillerRows: number;
  private readonly fillerWeights: Ptr;
  private fillerMicroseconds = 0;
  private readonly counts = new WeakMap<Trial, number>();
  private readonly sliceMs: number;

  constructor(stage: Stage, options: StopwatchOptions) {
    this.stage = stage;
    this.options = options;
    this.sliceMs = Math.max(options.sliceMs, Math.min(longestSliceMs, ticksPerSlice * tickOf(options.now)));
    this.fillerRows = 8 * Math.ceil((1.01 * stage.backend.serialWork) / fillerColumns / 8);
    stage.rewind();
    this.fillerWeights = stage.nextWeights(int4Bytes(this.fillerRows, fillerColumns));
  }

  /** Microseconds of one operation of a trial, its share of queueing included: the mean of one slice. */
  slice(trial: Trial): number {
    const queue = trial.prepare();
    const count = this.counts.get(trial) ?? this.countFor(trial, queue);
    this.warmUp(trial, queue, count);
    const time = Math.max(1e-3, this.run(trial, queue, count));
    // What disturbed the first look made the slice too short: the next one looks again.
    if (time * count < 500 * this.sliceMs) this.counts.delete(trial);
    return time;
  }

  /** A slice of each of several trials. */
  sliceAll(trials: readonly Trial[]): number[] {
    return trials.map((trial) => this.slice(trial));
  }

  private warmUp(trial: Trial, queue: () => void, count: number): void {
    const end = this.options.now() + mostWarmUpSlices * this.sliceMs;
    for (let left = trial.warmUps ?? 1; left > 0 && this.options.now() < end; left -= count) {
      this.run(trial, queue, Math.min(left, count));
    }
  }

  /** The fastest of many slices. */
  fastest(trial: Trial): number {
    return Math.min(...Array.from({ length: fastestOf }, () => this.slice(trial)));
  }

  // How many operations a slice has. The first ones are too slow for what a cache or the compiler makes fast later.
  private countFor(trial: Trial, queue: () => void): number {
    const sliceUs = this.sliceMs * 1000;
    const inSlice = (time: number) => Math.max(1, Math.min(20_000, Math.ceil(sliceUs / Math.max(1e-3, time))));
    this.run(trial, queue, 1);
    const first = Math.min(200, inSlice(4 * this.run(trial, queue, 1)));
    const { whole = 1 } = trial;
    const count = whole * Math.ceil(inSlice(this.run(trial, queue, first)) / whole);
    this.counts.set(trial, count);
    return count;
  }

  /** Measures the work that is put before lists of little work, so that all threads run them. Call before, and now and then. */
  measureFiller(): void {
    if (this.fillerRows === 0) return;
    const { now } = this.options;
    let best = Infinity;
    for (let i = 0; i < 50; i++) {
      const started = now();
      this.queueFiller();
      this.stage.backend.flush();
      best = Math.min(best, now() - started);
    }
    this.fillerMicroseconds = best * 1000;
  }

  /** Microseconds per operation of `count` of them. */
  private run(trial: Trial, queue: () => void, count: number): number {
    const { backend } = this.stage;
    const { now } = this.options;
    const most = trial.serial
      ? Math.max(1, Math.floor((0.98 * backend.serialWork) / Math.max(1, trial.countedWork)))
      : listCommands;
    const list = Math.min(most, listCommands);
    let fillers = 0;
    const started = now();
    for (let left = count; left > 0; left -= list) {
      const n = Math.min(left, list);
      if (!trial.serial && n * trial.countedWork < backend.serialWork) {
        this.queueFiller();
        fillers++;
      }
      for (let i = 0; i < n; i++) queue();
      backend.flush();
    }
    return ((now() - started) * 1000 - fillers * this.fillerMicroseconds) / count;
  }

  private queueFiller(): void {
    const { backend, fillerOutput, fillerCodes } = this.stage;
    const M = this.fillerRows;
    backend.matmulInt4(fillerOutput, fillerCodes, this.fillerWeights, 1, M, fillerColumns, M, false);
  }
}

/** The smallest step of a clock, in milliseconds; 0 for one that stands still. */
function tickOf(now: () => number): number {
  let tick = Infinity;
  let last = now();
  for (let i = 0, ticks = 0; i < 1e6 && ticks < 5; i++) {
    const time = now();
    if (time === last) continue;
    tick = Math.min(tick, time - last);
    last = time;
    ticks++;
  }
  return Number.isFinite(tick) ? tick : 0;
}
