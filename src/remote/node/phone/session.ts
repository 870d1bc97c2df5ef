// One phone: what it was told and has not fetched yet, which of its replies have come, and when it was last heard.
// Replies are numbered, so that a page may send again what it is not sure about.
import type { Command } from "../../messages.ts";
import { Refusal } from "./guard.ts";

/** What the page tells of itself when it joins; see protocol.ts. */
export interface PageFacts {
  userAgent: string;
  /** A secure context: https, or localhost. */
  secure: boolean;
  /** Cross-origin isolated: threads can share memory. */
  isolated: boolean;
  /** There is a Wake Lock interface. */
  wakeLock: boolean;
  cores: number;
}

/** Replies in a row: the first one has the number `from`. */
export interface Batch {
  from: number;
  replies: unknown[];
}

/** A phone that has joined. */
export class PhoneSession {
  /** Secret of the page. */
  readonly key: string;
  /** Which load of the page speaks: a page that was opened anew forgot its jobs. */
  boot: string;
  /** Replies that have come, all of them from the first on. */
  received = 0;
  /** Milliseconds of performance.now. */
  lastHeard = performance.now();
  ended = false;
  /** When it last asked for commands, by the same clock; Infinity while it waits for an answer. */
  lastAsked = -Infinity;
  private commands: Command[] = [];
  private fetched = 0;
  private wake: (() => void) | null = null;

  constructor(key: string, boot: string) {
    this.key = key;
    this.boot = boot;
  }

  /** Queues a command. */
  push(command: Command): void {
    this.commands.push(command);
    this.wake?.();
  }

  /** Whether all commands were handed out. */
  get delivered(): boolean {
    return this.fetched >= this.commands.length;
  }

  /** Commands after the first `after`; waits up to `waitMs` for one. `gone` ends the waiting. */
  async commandsAfter(after: number, waitMs: number, gone: AbortSignal): Promise<Command[]> {
    this.wake?.(); // one page asks once at a time: an older question is answered now
    this.lastAsked = Infinity;
    if (after >= this.commands.length) await this.next(waitMs, gone);
    this.lastAsked = performance.now();
    if (!gone.aborted) this.fetched = this.commands.length;
    return this.commands.slice(after);
  }

  /** The replies of a batch that are new. @throws Refusal `gap` when some before them are missing */
  fresh({ from, replies }: Batch): unknown[] {
    if (from > this.received + 1) {
      const message = `reply ${this.received + 1} is missing; send from there`;
      throw new Refusal(409, "gap", message, { received: this.received });
    }
    return replies.slice(this.received + 1 - from);
  }

  /** The page was loaded anew: numbers begin at 1 again, on both sides. */
  reboot(boot: string): void {
    this.boot = boot;
    this.received = 0;
    this.commands = [];
    this.fetched = 0;
    this.wake?.();
  }

  private next(waitMs: number, gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        gone.removeEventListener("abort", done);
        if (this.wake === done) this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      gone.addEventListener("abort", done, { once: true });
      this.wake = done;
    });
  }
}
