// What earlier requests leave for later ones: the sessions of the last few, so that a request which begins like one of
// them (the same system prompt and tools, or the conversation so far) pays only for its new tokens.
import type { KvFormat } from "../kernels/backend.ts";
import type { Decoder } from "./decoder.ts";
import type { Session } from "./session.ts";

/** Options of {@link PrefixCache}. */
export interface PrefixCacheOptions {
  /** Sessions that are kept; the one not used for longest goes first. Default 8. */
  sessions?: number | undefined;
  /** Number format of the KV caches. Default int8. */
  kv?: KvFormat | undefined;
}

/**
 * The sessions of recent requests over one decoder. What they have in common is in memory once.
 *
 * @example
 * ```ts
 * const prefixes = new PrefixCache(model.decoder);
 * for await (const event of generate(model, prompt, { prefixes })) …
 * prefixes.close();
 * ```
 */
export class PrefixCache {
  private readonly decoder: Decoder;
  private readonly most: number;
  private readonly kv: KvFormat;
  /** The most recently used first. */
  private kept: Session[] = [];

  constructor(decoder: Decoder, { sessions = 8, kv = "int8" }: PrefixCacheOptions = {}) {
    this.decoder = decoder;
    this.most = sessions;
    this.kv = kv;
  }

  /** Sessions kept now. */
  get size(): number {
    return this.kept.length;
  }

  /**
   * A session of the longest beginning of `ids` that is known, never all of them: what is behind `session.length` is
   * left to append. It is the caller's, to close or to give to {@link keep}.
   * @throws as Decoder.createSession
   */
  open(ids: ArrayLike<number>, capacity?: number): Session {
    let best: Session | undefined;
    let length = 0;
    for (const session of this.kept) {
      const common = Math.min(session.commonPrefix(ids), ids.length - 1);
      if (common > length) [best, length] = [session, common];
    }
    if (!best) return this.decoder.createSession({ capacity, kv: this.kv });
    this.kept = [best, ...this.kept.filter((session) => session !== best)];
    return best.clone({ length, capacity: capacity ?? this.decoder.spec.context });
  }

  /** Takes a session over for later requests. Those it continues, and the least used one too many, are closed. */
  keep(session: Session): void {
    session.trim();
    const { ids } = session;
    const others = this.kept.filter((kept) => kept.commonPrefix(ids) < kept.length);
    const staying = session.length > 0 ? [session, ...others].slice(0, this.most) : others;
    for (const gone of new Set([...this.kept, session])) if (!staying.includes(gone)) gone.close();
    this.kept = staying;
  }

  /** Closes all sessions; the cache can be used on. */
  close(): void {
    for (const session of this.kept.splice(0)) session.close();
  }
}
