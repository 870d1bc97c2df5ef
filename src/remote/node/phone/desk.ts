// Where phones are received: expects one, makes a Device of the page that joins, watches that it is still there.
import { HandheldError } from "../../../errors.ts";
import { ChannelDevice } from "../../channel-device.ts";
import type { Device } from "../../device.ts";
import { DeviceError } from "../../errors.ts";
import type { Desk } from "./routes.ts";
import type { PageFacts, PhoneSession } from "./session.ts";

// A page that is fine asks again at once; one that is away may be about to, but is not waited for long.
const farewellMs = { there: 2000, away: 300 };

/** Receives one phone after the other. */
export class PhoneDesk implements Desk {
  token: string | null = null;
  session: PhoneSession | null = null;
  readonly pollMs: number;
  private readonly name: string;
  private readonly awayMs: number;
  private device: ChannelDevice | null = null;
  private waiting: PromiseWithResolvers<Device> | null = null;
  private watch: NodeJS.Timeout | undefined;

  constructor(name: string, awayMs: number) {
    this.name = name;
    this.awayMs = awayMs;
    this.pollMs = Math.min(20_000, awayMs / 3);
  }

  /** Waits for the phone that has `token`. @throws HandheldError `aborted`, `invalid-option` */
  async expect(token: string, signal: AbortSignal | undefined): Promise<Device> {
    if (this.waiting !== null || this.device !== null) {
      throw new HandheldError("invalid-option", "one phone at a time: close the device before the next is invited");
    }
    this.waiting = Promise.withResolvers();
    this.token = token;
    const stop = () => this.waiting?.reject(new HandheldError("aborted", "stopped while waiting for the phone"));
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await this.waiting.promise;
    } finally {
      signal?.removeEventListener("abort", stop);
      this.waiting = null;
      this.token = null;
    }
  }

  joined(session: PhoneSession, page: PageFacts): void {
    const name = `${this.name} (${describeAgent(page.userAgent)})`;
    const channel = {
      send: (command: Parameters<PhoneSession["push"]>[0]) => session.push(command),
      close: () => this.farewell(session),
    };
    const device = new ChannelDevice({ name, notes: notesOf(page), channel });
    this.device = device;
    const check = () => {
      const silentMs = performance.now() - session.lastHeard;
      if (silentMs < this.awayMs) return;
      clearInterval(this.watch);
      device.lost(new DeviceError("lost", name, awayMessage(silentMs)));
    };
    this.watch = setInterval(check, Math.min(1000, this.awayMs / 4));
    this.waiting?.resolve(device);
  }

  rebooted(): void {
    this.device?.restart();
  }

  reply(value: unknown): void {
    this.device?.reply(value);
  }

  /** Lets the phone go, if there is one, and stops waiting for one. */
  async close(): Promise<void> {
    this.waiting?.reject(new HandheldError("aborted", "the server was closed"));
    await this.device?.close();
  }

  // Gives the page the time to hear that it is over.
  private async farewell(session: PhoneSession): Promise<void> {
    if (session.ended) return;
    clearInterval(this.watch);
    session.push({ type: "close", reason: "finished; this page can be closed" });
    const there = performance.now() - session.lastAsked < 1000;
    const until = performance.now() + (there ? farewellMs.there : farewellMs.away);
    while (!session.delivered && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    session.ended = true;
    this.device = null;
  }
}

function awayMessage(silentMs: number): string {
  const seconds = Math.round(silentMs / 1000);
  return `nothing was heard of it for ${seconds} s; keep its screen on and the page in front, and try again`;
}

/** What makes this browser's numbers what they are. */
function notesOf({ secure, isolated, wakeLock, cores }: PageFacts): string[] {
  const threads =
    "one thread: over plain http a page on a network address is no secure context and may not share memory between " +
    "threads; use --https, or adb";
  const notShared = "one thread: this browser does not isolate the page, so threads cannot share memory";
  return [
    ...(isolated || cores === 1 ? [] : [secure ? notShared : threads]),
    ...(wakeLock ? [] : ["the page cannot keep the screen on (no Wake Lock here)"]),
  ];
}

/** A browser's own words, short: "android, chrome 140". */
function describeAgent(userAgent: string): string {
  const platform = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(userAgent)?.[0].toLowerCase() ?? "browser";
  const engine = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent);
  if (engine === null) return platform;
  const names: Record<string, string> = { Version: "safari", Edg: "edge" };
  return `${platform}, ${names[engine[1]!] ?? engine[1]!.toLowerCase()} ${engine[2]}`;
}
