// Measures while a machine is as it was: anchors are read beside every measurement and between its repeats; what was taken in
// another state is taken again, after waiting for the state to come back. Knows nothing of what is measured.
import { anchorBound, meanReading, type Reading, unlikeness } from "./anchors.ts";

/** What a guard watches. */
export interface GuardOptions {
  /** Reads the anchors once, in a few milliseconds. */
  readAnchors(): Reading;
  /** What the anchors should read. */
  reference: Reading;
  /** Milliseconds for all waiting and repeating. */
  patienceMs: number;
  /** Waits so long; may throw to end it all. */
  rest(ms: number): Promise<void>;
  now?: (() => number) | undefined;
}

/** Something measured, what the anchors read beside it on average, and how unlike the reference that is. */
export interface Guarded<T> {
  value: T;
  reading: Reading;
  off: number;
}

const restMs = 100;
/** Readings before and after a measurement, and how many milliseconds of it one more should stand for. */
const around = 4;
const msPerReading = 40;
const mostBetween = 20;

/** Measures one thing after the other. */
export class Guard {
  private readonly options: GuardOptions;
  private readonly now: () => number;
  private patienceMs: number;

  constructor(options: GuardOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.patienceMs = options.patienceMs;
  }

  /** What the anchors should read. */
  get reference(): Reading {
    return this.options.reference;
  }

  /**
   * Takes a measurement, again and again while the machine is in another state and patience lasts; the least disturbed one
   * counts. `take` calls `between` between its repeats: the longer they last, the more readings.
   */
  async measure<T>(take: (between: () => void) => Promise<T>): Promise<Guarded<T>> {
    const { readAnchors, reference, rest } = this.options;
    let best: Guarded<T> | null = null;
    for (;;) {
      const started = this.now();
      const readings: Reading[] = [];
      let last = started;
      const read = (times: number) => {
        for (let i = 0; i < times; i++) readings.push(readAnchors());
        last = this.now();
      };
      read(around);
      const between = () => read(Math.min(mostBetween, Math.max(1, Math.ceil((this.now() - last) / msPerReading))));
      const value = await take(between);
      read(around);
      const reading = meanReading(readings);
      const off = unlikeness(reading, reference);
      if (best === null || off < best.off) best = { value, reading, off };
      if (off <= anchorBound) return best;
      this.patienceMs -= this.now() - started;
      if (this.patienceMs <= restMs) return best;
      await rest(restMs);
      this.patienceMs -= restMs;
    }
  }
}
