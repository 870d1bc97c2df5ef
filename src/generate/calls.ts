// From a query to function calls: decoding under the grammar of the functions, so the answer always parses.
import { ContextOverflowError } from "../errors.ts";
import type { CallCodec } from "../functions/codec.ts";
import { createConstrainer } from "../functions/constrain/constrainer.ts";
import type { Constrainer } from "../functions/constrain/types.ts";
import type { Call } from "../functions/types.ts";
import type { Decoder } from "../model/decoder.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { bestAnswer } from "./best-answer.ts";

/** A model that turns queries into calls: made by {@link createCaller}. */
export interface Caller {
  readonly codec: CallCodec;
  readonly decoder: Decoder;
  /**
   * The calls for a query.
   * @throws ContextOverflowError when query and answer do not fit in the model's context.
   */
  call(query: string): CallResult;
  close(): void;
}

/** An answer with its cost. */
export interface CallResult {
  calls: Call[];
  text: string;
  promptTokens: number;
  /** Of these, tokens that the query before began with too, so that they cost nothing. */
  reusedTokens: number;
  /** Tokens of the answer, those that the grammar left no choice for included. */
  tokens: number;
  prefillMs: number;
  decodeMs: number;
}

/** Options of {@link createCaller}. */
export interface CallerOptions {
  /** Most calls in one answer. Default 4. */
  maxCalls?: number | undefined;
  /** Most tokens of an answer; a longer one is a ContextOverflowError. Default: what is left of the context. */
  maxTokens?: number | undefined;
  /**
   * How often decoding may go back to an earlier choice, where another token makes the whole answer likelier; 0: greedy.
   * Default 32.
   */
  backtracks?: number | undefined;
}

/** The grammar of all answers of a codec, over its tokenizer's tokens. */
export function createCallConstrainer(tokenizer: Tokenizer, codec: CallCodec, maxCalls?: number): Constrainer {
  return createConstrainer(codec.format.grammar(codec.functions, { maxCalls }), {
    // Control tokens have bytes too, and must not appear inside a string.
    vocabulary: tokenizer.tokenBytes().map((bytes, id) => (tokenizer.specialIds.has(id) ? null : bytes)),
    eos: codec.eos,
    atomic: codec.structure,
  });
}

/** Builds the grammar once and keeps one session for all queries. */
export function createCaller(
  decoder: Decoder,
  tokenizer: Tokenizer,
  codec: CallCodec,
  options: CallerOptions = {},
): Caller {
  const constrainer = createCallConstrainer(tokenizer, codec, options.maxCalls);
  const session = decoder.createSession();
  const { maxTokens = session.capacity, backtracks = 32 } = options;
  return {
    codec,
    decoder,
    call(query) {
      const prompt = codec.prompt(query);
      if (prompt.length >= session.capacity) {
        throw new ContextOverflowError(
          prompt.length + 1,
          session.capacity,
          "the query and the beginning of an answer: ",
        );
      }
      const start = performance.now();
      const reusedTokens = session.prompt(prompt);
      const prefilled = performance.now();
      const ids = bestAnswer(session, constrainer.start(query), maxTokens, backtracks);
      const decodeMs = performance.now() - prefilled;
      const text = tokenizer.decode(ids);
      const calls = codec.decode(ids);
      const [promptTokens, prefillMs] = [prompt.length, prefilled - start];
      return { calls, text, promptTokens, reusedTokens, tokens: ids.length, prefillMs, decodeMs };
    },
    close() {
      session.close();
    },
  };
}
