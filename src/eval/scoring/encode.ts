// Questions as tokens, cut where lm-evaluation-harness cuts them: a context and its continuation, and long texts in windows.
import { ContextOverflowError, HandheldError } from "../../errors.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import { rstrip } from "../tasks/python-regex.ts";

/** Tokens of a context and its continuation; the log-probabilities of those from `from` on are wanted, 1 ≤ from < length. */
export interface Scored {
  tokens: Int32Array;
  from: number;
}

/** What of a model matters for cutting texts. */
export interface EncoderOptions {
  tokenizer: Tokenizer;
  /** Tokens that a sequence may have. */
  context: number;
  /** Cut off the beginning of what is too long, instead of throwing. */
  truncate: boolean;
}

/** Turns texts into tokens. */
export class QuestionEncoder {
  /** The token that stands before a text without context. */
  readonly prefixToken: number;
  /** How many were cut. */
  truncated = 0;
  readonly #tokenizer: Tokenizer;
  readonly #context: number;
  readonly #truncate: boolean;
  readonly #prefixText: string;
  #last = { text: "", ids: [] as number[] };

  /** @throws HandheldError `unsupported` where the tokenizer has no token that begins or ends a text */
  constructor({ tokenizer, context, truncate }: EncoderOptions) {
    const prefix = tokenizer.bosId ?? tokenizer.eosId;
    if (prefix === null) {
      const reason = "names neither bos_token nor eos_token; one of them has to stand before a text without context";
      throw new HandheldError("unsupported", `tokenizer_config.json ${reason}`);
    }
    this.prefixToken = prefix;
    this.#prefixText = tokenizer.decode([prefix]);
    this.#tokenizer = tokenizer;
    this.#context = context;
    this.#truncate = truncate;
  }

  /**
   * A continuation after a context. White space at the end of the context belongs to the continuation, so that words stay
   * whole. @throws ContextOverflowError
   */
  pair(context: string, continuation: string): Scored {
    const begin = rstrip(context);
    if (begin === "") return this.#withoutContext(context + continuation);
    const before = this.#encodeContext(begin);
    const whole = this.#encode(context + continuation);
    return this.#fit(whole, Math.min(before, whole.length - 1));
  }

  /** A text's prompt for generating `room` tokens after it. @throws ContextOverflowError */
  prompt(text: string, room: number): Int32Array {
    const ids = Int32Array.from(this.#encode(text));
    const most = this.#context - room;
    if (ids.length <= most) return ids;
    const detail = `a prompt of ${ids.length} tokens and ${room} new ones: `;
    if (!this.#truncate || most < 1) throw new ContextOverflowError(ids.length + room, this.#context, detail);
    this.truncated++;
    return ids.slice(-most);
  }

  /** A text as windows of the context's length that do not overlap; every token is scored in one of them. */
  windows(text: string): Scored[] {
    const ids = this.#encode(text);
    const windows: Scored[] = [];
    for (let done = 0; done < ids.length; ) {
      const count = Math.min(this.#context, ids.length - done);
      // A window sees one token before it at least, and as many as fit where it is the last and a short one.
      const begin = done === 0 ? 0 : done + count - this.#context - 1;
      const seen = done === 0 ? [this.prefixToken] : ids.slice(begin, done);
      windows.push({ tokens: Int32Array.from([...seen, ...ids.slice(done, done + count)]), from: seen.length });
      done += count;
    }
    return windows;
  }

  #withoutContext(continuation: string): Scored {
    const ids = this.#tokenizer.encode(continuation);
    return this.#fit(ids[0] === this.prefixToken ? ids : [this.prefixToken, ...ids], 1);
  }

  #fit(tokens: readonly number[], from: number): Scored {
    if (tokens.length <= from || from < 1) {
      throw new HandheldError("invalid-data", "a continuation has no tokens, or stands behind no token of a context");
    }
    // The last token does not go through the model.
    const excess = tokens.length - 1 - this.#context;
    if (excess <= 0) return { tokens: Int32Array.from(tokens), from };
    const detail = `a question of ${tokens.length - 1} tokens: `;
    if (!this.#truncate || from - excess < 1) throw new ContextOverflowError(tokens.length - 1, this.#context, detail);
    this.truncated++;
    return { tokens: Int32Array.from(tokens.slice(excess)), from: from - excess };
  }

  // The special tokens that the tokenizer puts around a text, but none before one that begins with it.
  #encode(text: string): number[] {
    const begins = this.#prefixText !== "" && text.startsWith(this.#prefixText);
    return this.#tokenizer.encode(text, { specialTokens: !begins });
  }

  // The choices of a question come one after the other.
  #encodeContext(text: string): number {
    if (this.#last.text !== text) this.#last = { text, ids: this.#encode(text) };
    return this.#last.ids.length;
  }
}
