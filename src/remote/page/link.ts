// The page's line to the server that served it. Two loops: one asks for commands and waits, one hands over replies in order
// and keeps each until the server says that it has come. Both go on after a dropped connection, however long it was gone.
import type { Command, Reply } from "../messages.ts";

/** What the page tells of itself. */
export interface PageFacts {
  userAgent: string;
  secure: boolean;
  isolated: boolean;
  wakeLock: boolean;
  cores: number;
}

/** Options of {@link openLink}. */
export interface LinkOptions {
  /** From the link, for the first load of the page. */
  token: string | null;
  page: PageFacts;
  onCommand(command: Command): void;
  /** The connection is there, or (with how many replies wait for it) not. */
  onConnection(connected: boolean, waiting: number): void;
  /** The server does not want this page, or has ended: nothing more will come. */
  onEnd(reason: string): void;
}

/** A line. */
export interface Link {
  send(reply: Reply): void;
  /** Tries again at once, rather than after the pause: the network or the screen has come back. */
  hurry(): void;
  /** Gives up; used after a `close` command. */
  end(): void;
}

// A batch stays far below what the server takes (4 MiB); one reply alone may be longer.
const batchCharacters = 256 * 1024;
const keyName = "handheld-key";
const pauses = { firstMs: 500, mostMs: 5000 };
const waitMs = { commands: 40_000, others: 20_000 };

/** An answer that says: do not come again. */
class Refused extends Error {}

/** Joins and starts both loops. */
export function openLink(options: LinkOptions): Link {
  return new PageLink(options);
}

class PageLink implements Link {
  private readonly options: LinkOptions;
  private readonly key = remembered();
  private readonly boot = randomHex();
  /** Replies that the server may not have yet, as JSON; the first one has the number `sent + 1`. */
  private readonly outbox: string[] = [];
  private sent = 0;
  private ended = false;
  private wakeSender = () => {};
  private wakePause = () => {};

  constructor(options: LinkOptions) {
    this.options = options;
    const { token, page } = options;
    const body = JSON.stringify({ token, key: this.key, boot: this.boot, page });
    void this.insist(() => request("/api/join", { body })).then(() => Promise.all([this.sendAll(), this.listen()]));
  }

  send(reply: Reply): void {
    // Of progress only the last counts: what waits for the network should not be a thousand of them.
    const last = this.outbox.length > 1 ? this.outbox.at(-1)! : "";
    if (reply.type === "progress" && last.startsWith('{"type":"progress"')) this.outbox.pop();
    this.outbox.push(JSON.stringify(reply));
    this.wakeSender();
  }

  hurry(): void {
    this.wakePause();
  }

  end(): void {
    this.ended = true;
    sessionStorage.removeItem(keyName);
  }

  private async listen(): Promise<void> {
    for (let after = 0; !this.ended; ) {
      const url = `/api/commands?after=${after}&boot=${this.boot}`;
      const answer = await this.insist(() => request<{ commands: Command[] }>(url, { headers: this.headers }));
      for (const command of answer?.commands ?? []) this.options.onCommand(command);
      after += answer?.commands.length ?? 0;
    }
  }

  private async sendAll(): Promise<void> {
    while (!this.ended) {
      if (this.outbox.length > 0) await this.insist(() => this.deliver());
      else await new Promise<void>((resolve) => (this.wakeSender = resolve));
    }
  }

  private async deliver(): Promise<void> {
    const replies = this.outbox.slice(0, batchLength(this.outbox));
    const body = `{"boot":"${this.boot}","from":${this.sent + 1},"replies":[${replies.join(",")}]}`;
    const { received } = await request<{ received: number }>("/api/replies", { body, headers: this.headers });
    this.outbox.splice(0, received - this.sent);
    this.sent = received;
  }

  /** Calls until it works; null when the line has ended. */
  private async insist<T>(call: () => Promise<T>): Promise<T | null> {
    for (let ms = pauses.firstMs; !this.ended; ms = Math.min(pauses.mostMs, ms * 2)) {
      try {
        const value = await call();
        this.options.onConnection(true, this.outbox.length);
        return value;
      } catch (error) {
        if (error instanceof Refused) this.refuse(error.message);
        else {
          this.options.onConnection(false, this.outbox.length);
          await this.pause(ms);
        }
      }
    }
    return null;
  }

  private refuse(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.options.onEnd(reason);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakePause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }
}

/** @throws Refused where trying again cannot help; Error otherwise */
async function request<T>(url: string, { body, headers = {} }: { body?: string; headers?: Record<string, string> }) {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
    ...(body !== undefined && { body }),
    cache: "no-store",
    signal: AbortSignal.timeout(url.startsWith("/api/commands") ? waitMs.commands : waitMs.others),
  });
  const answer = (await response.json()) as T & { error?: { code: string; message: string } };
  if (response.ok) return answer as T;
  const message = answer.error?.message ?? `HTTP ${response.status}`;
  throw response.status < 500 ? new Refused(message) : new Error(message);
}

function batchLength(outbox: readonly string[]): number {
  let characters = 0;
  const end = outbox.findIndex((reply) => (characters += reply.length) > batchCharacters);
  return end === -1 ? outbox.length : Math.max(1, end);
}

// Survives that the phone throws the page away and loads it again; another tab has another one.
function remembered(): string {
  const found = sessionStorage.getItem(keyName);
  if (found !== null) return found;
  const key = randomHex();
  sessionStorage.setItem(keyName, key);
  return key;
}

function randomHex(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
