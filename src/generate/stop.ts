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
    const begin = this.find(text);
    const end = begin ?? text.length - this.longestPrefixAtEnd(text);
    this.held = text.slice(end);
    return text.slice(0, end);
  }

  // The stop string that is complete first counts, the longest of several: where pieces end makes no difference.
  private find(text: string): number | null {
    let begin: number | null = null;
    let least = Infinity;
    for (const stop of this.stops) {
      const at = text.indexOf(stop);
      const end = at + stop.length;
      if (at < 0 || end > least || (end === least && at > begin!)) continue;
      [begin, least, this.stopped] = [at, end, stop];
    }
    return begin;
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
