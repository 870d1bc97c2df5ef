// How a pull comes along: bytes, speed of the last seconds, time left.

/** State of a pull's bytes. */
export interface PullProgress {
  /** Of all files, those from the cache and from an earlier attempt included. */
  doneBytes: number;
  totalBytes: number;
  /** Over the last few seconds. */
  bytesPerSecond: number;
  /** Null while there is nothing to judge by. */
  etaSeconds: number | null;
}

const intervalMs = 100;
const windowMs = 5000;

/** Counts bytes and tells about it: ten times a second at most, and when all are there. */
export class PullMeter {
  private readonly totalBytes: number;
  private readonly tell: (progress: PullProgress) => void;
  private readonly now: () => number;
  private doneBytes = 0;
  private received = 0;
  private told = -Infinity;
  private readonly samples: { at: number; received: number }[] = [];

  /** `now` gives milliseconds. */
  constructor(totalBytes: number, tell: (progress: PullProgress) => void, now = () => performance.now()) {
    this.totalBytes = totalBytes;
    this.tell = tell;
    this.now = now;
    this.samples.push({ at: now(), received: 0 });
  }

  /** Bytes that did not come over the network now; negative when some of those counted were bad. */
  found(bytes: number): void {
    this.doneBytes += bytes;
    this.show();
  }

  arrived(bytes: number): void {
    this.doneBytes += bytes;
    this.received += bytes;
    this.show();
  }

  /** Bytes over the network so far. */
  get receivedBytes(): number {
    return this.received;
  }

  private show(): void {
    const at = this.now();
    if (at - this.told < intervalMs && this.doneBytes < this.totalBytes) return;
    this.told = at;
    const { samples, received, doneBytes, totalBytes } = this;
    samples.push({ at, received });
    while (samples.length > 2 && at - samples[1]!.at >= windowMs) samples.shift();
    const first = samples[0]!;
    const bytesPerSecond = at > first.at ? (1000 * (received - first.received)) / (at - first.at) : 0;
    const etaSeconds = bytesPerSecond > 0 ? (totalBytes - doneBytes) / bytesPerSecond : null;
    this.tell({ doneBytes, totalBytes, bytesPerSecond, etaSeconds });
  }
}
