// Text with a model: one completion, or a chat through the model's own template.
import { Template } from "@huggingface/jinja";
import { HandheldError } from "../errors.ts";
import { formatRate } from "../format.ts";
import { type GenerateEvent, type GenerateOptions, generate } from "../generate/generate.ts";
import type { LoadedModel } from "../model/load.ts";
import { PrefixCache } from "../model/prefix-cache.ts";
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

interface Message {
  role: "user" | "assistant";
  content: string;
}

/** Completes the query, or talks until the end of input. */
export async function complete(
  model: LoadedModel,
  mode: "chat" | "complete",
  options: TextOptions,
  io: CommandIo,
): Promise<void> {
  const messages: Message[] = [];
  // A chat's next turn begins like the last one: only what is new goes through the model.
  const prefixes = new PrefixCache(model.decoder, { sessions: 1 });
  for (;;) {
    const query = options.query ?? (await io.ask(io.interactive ? "> " : ""));
    if (query === null) return;
    messages.push({ role: "user", content: query });
    const prompt = mode === "chat" ? renderChat(model, messages) : query;
    const done = await stream(model, prompt, prefixes, options, io);
    messages.push({ role: "assistant", content: done.text });
    if (options.query !== undefined) {
      io.result({ ...done });
      return;
    }
  }
}

async function stream(model: LoadedModel, prompt: string, prefixes: PrefixCache, options: TextOptions, io: CommandIo) {
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

/** The conversation as the model's chat template writes it. @throws HandheldError `unsupported` when it has none */
function renderChat(model: LoadedModel, messages: readonly Message[]): string {
  const { config } = model.tokenizer;
  const template = (config as { chat_template?: unknown }).chat_template;
  if (typeof template !== "string") {
    throw new HandheldError(
      "unsupported",
      `${model.dir}: tokenizer_config.json has no chat_template; use --mode complete`,
    );
  }
  const text = (token: unknown) =>
    typeof token === "string" ? token : ((token as { content?: string } | null)?.content ?? "");
  return new Template(template).render({
    messages,
    add_generation_prompt: true,
    bos_token: text(config.bos_token),
    eos_token: text(config.eos_token),
  });
}
