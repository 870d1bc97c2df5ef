// Times operations on a backend: many in a row, in slices, of which the fastest counts, for other work on the machine only
// ever adds time.
import type { Ptr } from "../../kernels/backend.ts";
import { int4Bytes } from "../../quant/int4.ts";
import type { Stage } from "./stage.ts";
import type { Trial } from "./trials.ts";

/** How a stopwatch measures. */
export interface StopwatchOptions {
  /** Milliseconds of one slice. */
  sliceMs: number;
  /** Slices of each measurement. */
  slices: number;
  /** Milliseconds of a clock. */
  now: () => number;
}

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

  constructor(stage: Stage, options: StopwatchOptions) {
    this.stage = stage;
    this.options = options;
    this.fillerRows = 8 * Math.ceil((1.01 * stage.backend.serialWork) / fillerColumns / 8);
    stage.rewind();
    this.fillerWeights = stage.nextWeights(int4Bytes(this.fillerRows, fillerColumns));
  }

  /** Microseconds of one operation of a trial, its share of queueing included. */
  measure(trial: Trial): number {
    const queue = trial.prepare();
    const { sliceMs, slices } = this.options;
    this.run(trial, queue, 1);
    const once = Math.max(1e-3, this.run(trial, queue, 1));
    let count = Math.max(1, Math.min(200, Math.ceil((sliceMs * 1000) / once / 4)));
    // The first guess is too slow for what a cache or the compiler makes fast later.
    const better = Math.max(1e-3, this.run(trial, queue, count));
    count = Math.max(1, Math.min(20_000, Math.ceil((sliceMs * 1000) / better)));
    let best = count === 1 ? better : Infinity;
    for (let slice = 0; slice < slices; slice++) best = Math.min(best, this.run(trial, queue, count));
    return Math.max(best, 1e-3);
  }

  /** Microseconds of each of several trials, the filler measured before. */
  measureAll(trials: readonly Trial[]): number[] {
    this.measureFiller();
    return trials.map((trial) => this.measure(trial));
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
