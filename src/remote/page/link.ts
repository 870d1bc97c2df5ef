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
const pauses = { firstMs: 500, mostMs: 5000 };
const waitMs = { commands: 40_000, others: 20_000 };

/** An answer that says: do not come again. */
class Refused extends Error {}

/** Joins and starts both loops. */
export function openLink(options: LinkOptions): Link {
  const key = remembered();
  const boot = randomHex();
  const outbox: string[] = [];
  let sent = 0; // replies that the server has
  let ended = false;
  let wakeSender = () => {};
  let wakePause = () => {};
  const finish = (reason: string) => {
    if (ended) return;
    ended = true;
    options.onEnd(reason);
  };
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakePause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  /** Calls until it works. */
  const insist = async <T>(call: () => Promise<T>): Promise<T | null> => {
    for (let ms = pauses.firstMs; !ended; ms = Math.min(pauses.mostMs, ms * 2)) {
      try {
        const value = await call();
        options.onConnection(true, outbox.length);
        return value;
      } catch (error) {
        if (error instanceof Refused) finish(error.message);
        else {
          options.onConnection(false, outbox.length);
          await pause(ms);
        }
      }
    }
    return null;
  };
  const headers = { authorization: `Bearer ${key}` };
  const deliver = async () => {
    const count = batchLength(outbox);
    const body = `{"boot":"${boot}","from":${sent + 1},"replies":[${outbox.slice(0, count).join(",")}]}`;
    const { received } = await request<{ received: number }>("/api/replies", { body, headers });
    outbox.splice(0, received - sent);
    sent = received;
  };
  const sendAll = async () => {
    while (!ended) {
      if (outbox.length > 0) await insist(deliver);
      else await new Promise<void>((resolve) => (wakeSender = resolve));
    }
  };
  const listen = async () => {
    for (let after = 0; !ended; ) {
      const url = `/api/commands?after=${after}&boot=${boot}`;
      const answer = await insist(() => request<{ commands: Command[] }>(url, { headers }));
      for (const command of answer?.commands ?? []) options.onCommand(command);
      after += answer?.commands.length ?? 0;
    }
  };
  const join = JSON.stringify({ token: options.token, key, boot, page: options.page });
  void insist(() => request("/api/join", { body: join })).then(() => Promise.all([sendAll(), listen()]));
  return {
    send(reply) {
      // Of progress only the last counts: what waits for the network should not be a thousand of them.
      const last = outbox.length > 1 ? outbox.at(-1)! : "";
      if (reply.type === "progress" && last.startsWith('{"type":"progress"')) outbox.pop();
      outbox.push(JSON.stringify(reply));
      wakeSender();
    },
    hurry: () => wakePause(),
    end() {
      ended = true;
      sessionStorage.removeItem("handheld-key");
    },
  };
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
  const found = sessionStorage.getItem("handheld-key");
  if (found !== null) return found;
  const key = randomHex();
  sessionStorage.setItem("handheld-key", key);
  return key;
}

function randomHex(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
