// Text with a model: one completion, or a chat through the model's own template.
import { HandheldError } from "../errors.ts";
import { formatRate } from "../format.ts";
import { type GenerateEvent, type GenerateOptions, generate } from "../generate/generate.ts";
import type { LoadedModel } from "../model/load.ts";
import { PrefixCache } from "../model/prefix-cache.ts";
import type { ChatMessage, ChatTemplate } from "../tokenizer/chat-template.ts";
import { loadChatTemplate } from "../tokenizer/tokenizer-file.ts";
import type { CommandIo } from "./io.ts";

/** The options of `handheld run` that shape text. */
export interface TextOptions {
  query: string | undefined;
  maxTokens: number | undefined;
  temperature: number;
  topK: number | undefined;
  topP: number | undefined;
  minP: number | undefined;
  repetitionPenalty: number | undefined;
  stop: string | undefined;
  seed: number;
}

/**
 * Completes the query, or talks until the end of input. `auto` chats where the model has a chat template.
 * @throws HandheldError `unsupported` for a chat without a template
 */
export async function complete(
  loaded: LoadedModel,
  mode: "auto" | "chat" | "complete",
  options: TextOptions,
  io: CommandIo,
): Promise<void> {
  const template = mode === "complete" ? null : await loadChatTemplate(loaded.dir, loaded.tokenizer);
  if (template === null && mode === "chat") {
    throw new HandheldError("unsupported", `${loaded.dir}: there is no chat template; use --mode complete`);
  }
  const model = template === null ? loaded : { ...loaded, eosIds: turnEnds(loaded, template) };
  const messages: ChatMessage[] = [];
  // A chat's next turn begins like the last one: only what is new goes through the model.
  const prefixes = new PrefixCache(model.decoder, { sessions: 1 });
  for (;;) {
    const query = options.query ?? (await io.ask(io.interactive ? "> " : ""));
    if (query === null) return;
    messages.push({ role: "user", content: query });
    // A template writes the tokens that begin a text itself.
    const prompt = template === null ? query : model.tokenizer.encode(template.render(messages));
    const done = await stream(model, prompt, prefixes, options, io);
    messages.push({ role: "assistant", content: done.text });
    if (options.query !== undefined) {
      io.result({ ...done });
      return;
    }
  }
}

async function stream(
  model: LoadedModel,
  prompt: string | number[],
  prefixes: PrefixCache,
  options: TextOptions,
  io: CommandIo,
) {
  const { stop, query: _, ...sampling } = options;
  const stops = stop === undefined ? {} : { stop: [stop] };
  const settings: GenerateOptions = { ...sampling, prefixes, signal: io.signal, ...stops };
  let done: Extract<GenerateEvent, { type: "done" }> | null = null;
  for await (const event of generate(model, prompt, settings)) {
    if (event.type === "text") io.write(event.text);
    else done = event;
  }
  const { tokens, decodeMs, promptTokens, reusedTokens, prefillMs, reason } = done!;
  const prefill = formatRate((1000 * (promptTokens - reusedTokens)) / prefillMs);
  const decode = formatRate((1000 * tokens) / decodeMs);
  io.print(`\n  (${tokens} tokens, ended by ${reason}; prefill ${prefill}, decode ${decode} tok/s)`);
  if (reason === "aborted") throw new HandheldError("aborted", "stopped");
  return done!;
}

/** Tokens that end an answer: the model's own, and the special one that its template writes after what an assistant says. */
export function turnEnds({ tokenizer, eosIds }: LoadedModel, template: ChatTemplate): ReadonlySet<number> {
  const mark = "\u{e000}said\u{e001}";
  try {
    const turns = [
      { role: "user", content: "?" },
      { role: "assistant", content: mark },
    ];
    const after = template.render(turns, { addGenerationPrompt: false }).split(mark)[1] ?? "";
    const [first] = tokenizer.encode(after.trimStart());
    return first !== undefined && tokenizer.specialIds.has(first) ? new Set([...eosIds, first]) : eosIds;
  } catch {
    return eosIds; // a template that wants other turns; the conversation itself will tell
  }
}
