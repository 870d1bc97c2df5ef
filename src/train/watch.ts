// Tells a run that has gone wrong from one that is merely noisy.

/** Losses that the median is taken of. */
const window = 64;
/** Losses needed before anything is suspected. */
const minimum = 8;
/** How far above the median a loss is suspicious, and how many such losses in a row are a divergence. */
const factor = 4;
const patience = 3;

/** Watches the loss and the gradient of every step. */
export class LossWatch {
  /** The last losses, oldest first. */
  readonly losses: number[];
  private suspicious = 0;

  constructor(losses: readonly number[] = []) {
    this.losses = [...losses];
  }

  /**
   * Judges a step before its update is made. Returns what is wrong in words when the run has diverged: the loss or the
   * gradient is not a finite number, or three losses in a row are over 4 × max(1 nat, the median of the last 64).
   */
  judge(loss: number, gradNorm: number): string | null {
    if (!Number.isFinite(loss)) return `the loss is ${loss}`;
    if (!Number.isFinite(gradNorm)) return `the gradient's norm is ${gradNorm}`;
    const median = this.median();
    const runaway = this.losses.length >= minimum && loss > factor * Math.max(1, median);
    this.suspicious = runaway ? this.suspicious + 1 : 0;
    if (this.suspicious >= patience) {
      return `the loss is ${loss.toPrecision(3)}, its running median was ${median.toPrecision(3)}`;
    }
    return null;
  }

  /** Whether the last judged step was unsuspicious: the weights it started from are worth keeping. */
  get sound(): boolean {
    return this.suspicious === 0;
  }

  /** Median of the last losses, nats; NaN when there are none. */
  median(): number {
    const sorted = [...this.losses].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? Number.NaN;
  }

  /** Counts the loss of a step whose update is made, unless it was suspicious. */
  remember(loss: number): void {
    if (this.suspicious > 0) return;
    this.losses.push(loss);
    if (this.losses.length > window) this.losses.shift();
  }
}
