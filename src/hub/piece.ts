// Bytes between a connection that fills and a reader that empties, bounded in memory.

/** Chunks in order from one producer to one consumer. */
export class Piece {
  private readonly mostBytes: number;
  private readonly chunks: Uint8Array[] = [];
  private heldBytes = 0;
  private state: "open" | "ended" | "closed" = "open";
  private failure: { error: unknown } | null = null;
  private change = Promise.withResolvers<void>();

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
  }

  /** Takes all of `source`. Never throws: an error goes to the reader. */
  async fill(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        this.chunks.push(chunk);
        this.heldBytes += chunk.byteLength;
        this.notify();
        while (this.heldBytes >= this.mostBytes && this.state === "open") await this.change.promise;
        if (this.state === "closed") return;
      }
    } catch (error) {
      this.failure = { error };
    }
    if (this.state === "open") this.state = "ended";
    this.notify();
  }

  /** The next bytes; null at the end. @throws what the source threw */
  async shift(): Promise<Uint8Array | null> {
    while (this.chunks.length === 0) {
      if (this.failure) throw this.failure.error;
      if (this.state !== "open") return null;
      await this.change.promise;
    }
    const chunk = this.chunks.shift()!;
    this.heldBytes -= chunk.byteLength;
    this.notify();
    return chunk;
  }

  /** Nobody reads any more: the producer may stop. */
  close(): void {
    this.state = "closed";
    this.chunks.length = 0;
    this.notify();
  }

  private notify(): void {
    this.change.resolve();
    this.change = Promise.withResolvers();
  }
}
