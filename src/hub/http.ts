// Requests to a hub over fetch: the token goes to the hub itself and nowhere else, redirects are followed here for that
// reason, what fails for a moment is tried again, and a connection that brings nothing is given up.
import { HandheldError } from "../errors.ts";
import { HubError, refusal, type Subject } from "./errors.ts";
import type { HubSettings, Patience } from "./settings.ts";

/** A failure that may be gone a moment later. */
export class Transient extends Error {
  /** What the server asked for; null when it did not say. Milliseconds. */
  readonly retryAfterMs: number | null;
  /** Whether a server answered at all. */
  readonly answered: boolean;
  constructor(reason: string, options: { cause?: unknown; answered?: boolean; retryAfterMs?: number | null } = {}) {
    super(reason, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.answered = options.answered ?? false;
  }
}

/** A request that will be made again. */
export interface Retry {
  /** A file's name, or "the listing". */
  what: string;
  reason: string;
  waitMs: number;
}

/** Settings of a {@link HubClient} beyond those of the hub. */
export interface ClientOptions {
  signal: AbortSignal;
  onRetry?: ((retry: Retry) => void) | undefined;
}

const mostRedirects = 8;
// Less than this within stallMs counts as nothing.
const leastBytes = 1000;

/** Makes the requests of one pull. */
export class HubClient {
  readonly endpoint: string;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  private readonly token: string | null;
  private readonly onRetry: (retry: Retry) => void;

  constructor({ endpoint, token, patience }: HubSettings, { signal, onRetry = () => {} }: ClientOptions) {
    this.endpoint = endpoint;
    this.token = token;
    this.patience = patience;
    this.signal = signal;
    this.onRetry = onRetry;
  }

  /** A fetch for small answers (the listing), read whole and with retries. It throws instead of answering with an error. */
  fetchFor(subject: Subject): typeof fetch {
    return async (input, init) => {
      const retries = this.retries("the listing");
      for (;;) {
        try {
          const exchange = await this.open(String(input), new Headers(init?.headers), subject);
          const chunks: Uint8Array[] = [];
          for await (const chunk of exchange.chunks()) chunks.push(chunk);
          const { status, headers } = exchange.response;
          return new Response(Buffer.concat(chunks), { status, headers });
        } catch (cause) {
          await retries.failed(cause);
        }
      }
    };
  }

  /** Counts the failures of one piece of work and waits between them. */
  retries(what: string, signal = this.signal): Retries {
    return new Retries(what, this.endpoint, this.patience, signal, this.onRetry);
  }

  /**
   * Makes one request, through redirects. Answers 2xx and 416 are returned.
   *
   * @throws Transient, HubError, or HandheldError `aborted`
   */
  async open(url: string, headers: Headers, subject: Subject, signal = this.signal): Promise<Exchange> {
    const watch = new StallWatch(this.patience.stallMs, signal);
    let target = new URL(url);
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const response = await watch.during(() => fetch(target, this.request(target, headers, watch.signal)));
      const { status } = response;
      const location = response.headers.get("location");
      if (status >= 300 && status < 400 && location !== null) {
        await response.body?.cancel().catch(() => {});
        target = redirected(target, location);
        continue;
      }
      if (response.ok || status === 416) return new Exchange(response, watch);
      await response.body?.cancel().catch(() => {});
      throw failure(response, this.isOwn(target), subject);
    }
    throw new HubError("server", `${url}: more than ${mostRedirects} redirects; try again later`);
  }

  private isOwn(url: URL): boolean {
    return url.origin === new URL(this.endpoint).origin;
  }

  private request(target: URL, headers: Headers, signal: AbortSignal): RequestInit {
    const sent = new Headers(headers);
    sent.set("accept-encoding", "identity"); // ranges and lengths are those of the file
    sent.set("user-agent", "handheld");
    sent.delete("authorization");
    if (this.token !== null && this.isOwn(target)) sent.set("authorization", `Bearer ${this.token}`);
    return { headers: sent, redirect: "manual", signal };
  }
}

/** An answer whose body is still to come. */
export class Exchange {
  readonly response: Response;
  private readonly watch: StallWatch;
  constructor(response: Response, watch: StallWatch) {
    this.response = response;
    this.watch = watch;
  }

  /** The body. @throws Transient when the connection breaks or stalls, HandheldError `aborted` */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const reader = this.response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await this.watch.during(() => reader.read());
        if (done) return;
        this.watch.arrived(value.byteLength);
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** Gives the connection up. */
  async cancel(): Promise<void> {
    await this.response.body?.cancel().catch(() => {});
  }
}

// Aborts a request that brought too little in the time that was spent on waiting for it, and tells why it ended.
class StallWatch {
  readonly signal: AbortSignal;
  private readonly stalled = new AbortController();
  private readonly stop: AbortSignal;
  private readonly stallMs: number;
  private leftMs: number;
  private bytes = 0;

  constructor(stallMs: number, stop: AbortSignal) {
    this.stallMs = stallMs;
    this.leftMs = stallMs;
    this.stop = stop;
    this.signal = AbortSignal.any([stop, this.stalled.signal]);
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const timer = setTimeout(() => this.stalled.abort(), Math.max(0, this.leftMs));
    try {
      return await wait();
    } catch (cause) {
      if (this.stop.aborted) throw new HandheldError("aborted", "stopped", { cause });
      if (this.stalled.signal.aborted) throw new Transient(`no data for ${this.stallMs / 1000} s`, { cause });
      throw new Transient(reasonOf(cause), { cause });
    } finally {
      clearTimeout(timer);
      this.leftMs -= performance.now() - started;
    }
  }

  arrived(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes < leastBytes) return;
    this.bytes = 0;
    this.leftMs = this.stallMs;
  }
}

/** The failures of one piece of work. */
export class Retries {
  private failures = 0;
  private readonly what: string;
  private readonly endpoint: string;
  private readonly patience: Patience;
  private readonly signal: AbortSignal;
  private readonly onRetry: (retry: Retry) => void;

  constructor(
    what: string,
    endpoint: string,
    patience: Patience,
    signal: AbortSignal,
    onRetry: (retry: Retry) => void,
  ) {
    this.what = what;
    this.endpoint = endpoint;
    this.patience = patience;
    this.signal = signal;
    this.onRetry = onRetry;
  }

  /** Something came of it: failures before do not count any more. */
  progressed(): void {
    this.failures = 0;
  }

  /** Waits before the next try. @throws `cause` when it is not {@link Transient}; HubError when patience ends; `aborted` */
  async failed(cause: unknown): Promise<void> {
    if (!(cause instanceof Transient)) throw cause;
    this.failures += 1;
    const { attempts, firstWaitMs, longestWaitMs } = this.patience;
    if (this.failures >= attempts) throw this.surrender(cause);
    // Half of it at random, so that many clients do not come back together.
    const usual = firstWaitMs * 2 ** (this.failures - 1) * (0.75 + Math.random() / 2);
    const waitMs = Math.min(longestWaitMs, Math.max(usual, cause.retryAfterMs ?? 0));
    this.onRetry({ what: this.what, reason: cause.message, waitMs });
    await pause(waitMs, this.signal);
  }

  private surrender(cause: Transient): HubError {
    const tried = `${cause.message}, ${this.failures} times in a row`;
    const kept = "what arrived is kept: run it again to go on";
    if (cause.answered) return new HubError("server", `${this.endpoint}: ${this.what}: ${tried}; ${kept}`, { cause });
    const advice = `check the connection (${kept}); --offline uses what is in the cache`;
    return new HubError("network", `cannot reach ${this.endpoint} for ${this.what}: ${tried}; ${advice}`, { cause });
  }
}

function redirected(from: URL, location: string): URL {
  const target = URL.parse(location, from);
  const secure = from.protocol !== "https:" || target?.protocol === "https:";
  if (target !== null && /^https?:$/.test(target.protocol) && secure) return target;
  throw new HubError("server", `${from.origin} redirects to "${location}", which is not followed`);
}

function failure(response: Response, own: boolean, subject: Subject): Error {
  const { status, headers } = response;
  // An expired link to a content server is refused too; the next try gets a new one from the hub.
  const passing = status === 408 || status === 429 || status >= 500 || (!own && (status === 401 || status === 403));
  if (!passing) return refusal(status, headers.get("x-error-code"), subject);
  return new Transient(`HTTP ${status}`, { answered: true, retryAfterMs: retryAfter(headers.get("retry-after")) });
}

// Seconds, or a date.
function retryAfter(value: string | null): number | null {
  if (value === null) return null;
  const ms = /^\s*\d+\s*$/.test(value) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

// fetch says "fetch failed" and hides the reason, sometimes several (one per address).
function reasonOf(cause: unknown): string {
  const inner = (cause as Error).cause as (Error & { code?: string }) | undefined;
  const { code, message } = inner ?? (cause as Error & { code?: string });
  return message || code || String(cause);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new HandheldError("aborted", "stopped"));
    };
    if (signal.aborted) return reject(new HandheldError("aborted", "stopped"));
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
