// Measures while a machine is as it was: anchors are read before and after; what was taken in between while they were off is
// taken again, after waiting for them to come back. Knows nothing of what is measured.
import { deviationOf, type Reading } from "./anchors.ts";

/** What a guard watches. */
export interface GuardOptions {
  readAnchors(): Reading;
  /** What the anchors should read. */
  reference: Reading;
  /** Milliseconds for all waiting and repeating. */
  patienceMs: number;
  /** Waits so long; may throw to end it all. */
  rest(ms: number): Promise<void>;
  now?: (() => number) | undefined;
}

/** Something measured, and the largest share by which an anchor beside it was off. */
export interface Guarded<T> {
  value: T;
  off: number;
}

/** Largest share by which an anchor may be off: decoding is as much off as memory is. */
export const guardBound = 0.06;
const restMs = 200;

/** Measures one thing after the other. */
export class Guard {
  private readonly options: GuardOptions;
  private readonly now: () => number;
  private patienceMs: number;
  private latest: number | null = null;

  constructor(options: GuardOptions) {
    this.options = options;
    this.now = options.now ?? (() => performance.now());
    this.patienceMs = options.patienceMs;
  }

  /** Takes a measurement, again and again while the anchors are off and patience lasts; the least disturbed one counts. */
  async measure<T>(take: () => Promise<T>): Promise<Guarded<T>> {
    let best: Guarded<T> | null = null;
    for (;;) {
      const waiting = this.now();
      let before = this.latest ?? this.read();
      while (before > guardBound && this.patienceMs > this.now() - waiting) {
        await this.options.rest(restMs);
        before = this.read();
      }
      this.patienceMs -= this.now() - waiting;
      const started = this.now();
      const value = await take();
      this.latest = this.read();
      const off = Math.max(before, this.latest);
      if (best === null || off < best.off) best = { value, off };
      if (off <= guardBound) return best;
      this.patienceMs -= this.now() - started;
      if (this.patienceMs <= 0) return best;
    }
  }

  private read(): number {
    return deviationOf(this.options.readAnchors(), this.options.reference);
  }
}
