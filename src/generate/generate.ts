// Text generation as a typed event stream: prefill, then one token after another until a stop rule holds.
import { ContextOverflowError, HandheldError } from "../errors.ts";
import type { TokenConstraint } from "../functions/constrain/types.ts";
import type { KernelSampler, SamplingOptions } from "../kernels/sampling.ts";
import type { LoadedModel } from "../model/load.ts";
import type { PrefixCache } from "../model/prefix-cache.ts";
import type { Session } from "../model/session.ts";
import { nextTurn } from "../turn.ts";
import { StopMatcher } from "./stop.ts";

/** Options of {@link generate}. */
export interface GenerateOptions extends SamplingOptions {
  /** Most new tokens. Default: what is left of the context. */
  maxTokens?: number | undefined;
  /** Text that ends the generation; it is not part of the output. */
  stop?: readonly string[] | undefined;
  /** Ends the generation at the next token, with the reason `aborted`. */
  signal?: AbortSignal | undefined;
  /** Allows only the tokens of a grammar (for the whole output). */
  constraint?: TokenConstraint | undefined;
  /** Continue this session instead of a fresh one; the prompt is appended to it. It stays open. */
  session?: Session | undefined;
  /** Without a session: begin with what earlier requests through this cache left, and leave this one's tokens there. */
  prefixes?: PrefixCache | undefined;
}

/** What generating needs of a model: a LoadedModel has it, and so has a decoder with a tokenizer. */
export type TextModel = Pick<LoadedModel, "spec" | "decoder" | "tokenizer" | "eosIds">;

/** Why a generation ended. */
export type FinishReason = "eos" | "stop" | "length" | "aborted";

/** What {@link generate} yields: text as it comes, then one `done`. Durations in milliseconds. */
export type GenerateEvent =
  | { type: "text"; text: string; tokens: number }
  | {
      type: "done";
      reason: FinishReason;
      text: string;
      promptTokens: number;
      /** Of the prompt's tokens, those that `prefixes` already held. */
      reusedTokens: number;
      tokens: number;
      prefillMs: number;
      decodeMs: number;
    };

/**
 * Generates text after a prompt: token ids, or text, which begins with what the tokenizer puts before one (a BOS token).
 *
 * @throws ContextOverflowError when the prompt and `maxTokens` do not fit in the context.
 * @example
 * ```ts
 * for await (const event of generate(model, "Once upon a time", { maxTokens: 64 })) {
 *   if (event.type === "text") process.stdout.write(event.text);
 * }
 * ```
 */
export async function* generate(
  model: TextModel,
  prompt: string | readonly number[],
  options: GenerateOptions = {},
): AsyncGenerator<GenerateEvent, void, void> {
  const used = options.session?.length ?? 0;
  // A text begins with what the tokenizer puts before one; what goes on with a session does not.
  const specialTokens = used === 0;
  const ids = typeof prompt === "string" ? [...model.tokenizer.encode(prompt, { specialTokens })] : [...prompt];
  if (ids.length === 0) throw new HandheldError("invalid-option", "the prompt is empty; give at least one token");
  const limit = options.session?.capacity ?? model.spec.context;
  const maxTokens = options.maxTokens ?? Math.max(1, limit - used - ids.length);
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new HandheldError("invalid-option", `maxTokens must be a whole number above 0, got ${maxTokens}`);
  }
  // The last token generated never has to go through the model, hence the -1.
  const needed = used + ids.length + maxTokens - 1;
  if (needed > limit) {
    const fresh = maxTokens === 1 ? "1 new one" : `${maxTokens} new ones`;
    throw new ContextOverflowError(needed, limit, `a prompt of ${ids.length} tokens and ${fresh}: `);
  }
  const { prefixes } = options;
  const sampler = model.decoder.createSampler(options);
  const session = options.session ?? prefixes?.open(ids, needed) ?? model.decoder.createSession({ capacity: needed });
  try {
    if (options.maxTokens !== undefined) session.reserve(needed);
    yield* run(model, session, ids, maxTokens, options, sampler);
  } finally {
    sampler.close();
    if (!options.session) {
      if (prefixes) prefixes.keep(session);
      else session.close();
    }
  }
}

async function* run(
  model: TextModel,
  session: Session,
  ids: readonly number[],
  maxTokens: number,
  options: GenerateOptions,
  sampler: KernelSampler,
): AsyncGenerator<GenerateEvent, void, void> {
  const stops = new StopMatcher(options.stop ?? []);
  const stream = model.tokenizer.stream({ skipSpecial: true });
  const reusedTokens = options.session ? 0 : session.length;
  // The repetition penalty is for the prompt and what follows, not for what a session held before.
  const penalizeFrom = session.length - reusedTokens;
  let pending = ids.slice(reusedTokens);
  const start = performance.now();
  let prefilled = start;
  let text = "";
  let tokens = 0;
  let reason: FinishReason = "length";
  while (tokens < maxTokens) {
    if (options.signal?.aborted) {
      reason = "aborted";
      break;
    }
    // Together, so that other sessions may run between two tokens.
    session.append(pending);
    if (tokens === 0) prefilled = performance.now();
    const id = session.sample(sampler, { allowed: options.constraint?.allowed(), penalizeFrom });
    options.constraint?.accept(id);
    if (model.eosIds.has(id)) {
      reason = "eos";
      break;
    }
    tokens++;
    pending = [id];
    const piece = stops.push(stream.push(id));
    text += piece;
    if (piece !== "") yield { type: "text", text: piece, tokens };
    if (stops.stopped !== null) {
      reason = "stop";
      break;
    }
    // Lets timers, signals and readers run between tokens.
    if (tokens % 16 === 0) await nextTurn();
  }
  const rest = stops.push(stream.end()) + stops.flush();
  if (rest !== "") yield { type: "text", text: rest, tokens };
  const [prefillMs, decodeMs] = [prefilled - start, performance.now() - prefilled];
  const promptTokens = ids.length;
  yield { type: "done", reason, text: text + rest, promptTokens, reusedTokens, tokens, prefillMs, decodeMs };
}
