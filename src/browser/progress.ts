// How loading goes on: bytes, speed and the time left, reported now and then.
import type { LoadProgress } from "./protocol.ts";

const intervalMs = 50;

/** Follows files as they are read, one after the other, and reports on them. */
export class ProgressMeter {
  private readonly from: LoadProgress["from"];
  private readonly report: (progress: LoadProgress) => void;

  constructor(from: LoadProgress["from"], report: (progress: LoadProgress) => void) {
    this.from = from;
    this.report = report;
  }

  /** The same chunks; what passes is reported every 50 ms, and at the end of the file. */
  async *follow(
    file: string,
    totalBytes: number | null,
    chunks: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    const start = performance.now();
    let loadedBytes = 0;
    let lastMs = Number.NEGATIVE_INFINITY;
    const tell = (total: number | null) => {
      lastMs = performance.now();
      const rate = loadedBytes / Math.max(1e-3, lastMs - start);
      const remainingMs = total === null || loadedBytes === 0 ? null : (total - loadedBytes) / rate;
      const { from } = this;
      this.report({ file, from, loadedBytes, totalBytes: total, bytesPerSecond: 1000 * rate, remainingMs });
    };
    for await (const chunk of chunks) {
      loadedBytes += chunk.byteLength;
      if (performance.now() - lastMs >= intervalMs) tell(totalBytes);
      yield chunk;
    }
    tell(loadedBytes);
  }
}
