// Stop strings over a stream of text: holds back what may be the beginning of one.

/** Feeds text piece by piece; `text` is what may be shown, `stopped` says that a stop string came (and was cut off). */
export class StopMatcher {
  private held = "";
  private readonly stops: readonly string[];
  /** The stop string that came, or null. */
  stopped: string | null = null;

  constructor(stops: readonly string[]) {
    this.stops = stops.filter((stop) => stop !== "");
  }

  /** Takes the next piece and returns the text that is certainly not part of a stop string. */
  push(piece: string): string {
    if (this.stopped !== null) return "";
    const text = this.held + piece;
    let first = -1;
    for (const stop of this.stops) {
      const at = text.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
        this.stopped = stop;
      }
    }
    const end = first >= 0 ? first : text.length - this.longestPrefixAtEnd(text);
    this.held = text.slice(end);
    return text.slice(0, end);
  }

  /** What was held back, when the stream ends without a stop string. */
  flush(): string {
    const rest = this.stopped === null ? this.held : "";
    this.held = "";
    return rest;
  }

  private longestPrefixAtEnd(text: string): number {
    let longest = 0;
    for (const stop of this.stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
