// Chat templates: how a conversation, with tools and documents, is written as a prompt. As transformers' apply_chat_template,
// for templates in tokenizer_config.json, chat_template.jinja and chat_template.json.
import { HandheldError, invalidFile } from "../errors.ts";
import { roleToken, type TokenizerConfig } from "./format.ts";
import { strftime } from "./strftime.ts";
import { type Program, parseTemplate, renderTemplate } from "./template-limits.ts";

/** A message; templates may look at further fields, such as `tool_calls`. */
export interface ChatMessage {
  role: string;
  content?: unknown;
  [field: string]: unknown;
}

/** Options of {@link ChatTemplate.render}. */
export interface ChatOptions {
  /** Functions that may be called, each as the JSON schema that transformers takes. */
  tools?: readonly unknown[];
  /** Texts to answer from. */
  documents?: readonly unknown[];
  /** End with the beginning of the answer. Default true: what comes next is to be generated. */
  addGenerationPrompt?: boolean;
  /** Which of several templates. Default: `tool_use` where there are tools and such a template, else `default`. */
  template?: string;
  /** What the template takes for now. Default: now. */
  date?: Date;
  /** Further variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
}

/**
 * The chat template of a tokenizer_config.json; null where it has none.
 *
 * @throws HandheldError `invalid-file` for a malformed one; `where` prefixes it
 * @example
 * ```ts
 * const prompt = createChatTemplate(tokenizer.config)?.render([{ role: "user", content: "Hi!" }]);
 * ```
 */
export function createChatTemplate(config: TokenizerConfig, where = "tokenizer_config.json"): ChatTemplate | null {
  const { chat_template: source } = config as { chat_template?: unknown };
  if (source === undefined || source === null) return null;
  if (typeof source === "string") return new ChatTemplate(new Map([["default", source]]), config, where);
  if (!Array.isArray(source)) throw invalidFile(where, "chat_template is neither a text nor a list of templates");
  const named = source.map((entry: unknown): [string, string] => {
    const { name, template } = (entry ?? {}) as { name?: unknown; template?: unknown };
    if (typeof name === "string" && typeof template === "string") return [name, template];
    throw invalidFile(where, "chat_template: an entry has no name or no template");
  });
  return named.length === 0 ? null : new ChatTemplate(new Map(named), config, where);
}

/** One template or several by name. Make one with {@link createChatTemplate}. */
export class ChatTemplate {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #programs = new Map<string, Program>();
  readonly #tokens: Readonly<Record<string, unknown>>;
  readonly #where: string;

  /** Takes validated data; use {@link createChatTemplate}. */
  constructor(sources: ReadonlyMap<string, string>, config: TokenizerConfig, where: string) {
    this.#sources = sources;
    this.#tokens = specialTokens(config);
    this.#where = where;
  }

  /** Names of the templates. */
  get names(): readonly string[] {
    return [...this.#sources.keys()];
  }

  /**
   * The conversation as a prompt. It has the begin token where the template writes one: encode it without special tokens.
   *
   * @throws HandheldError `invalid-data` where the template refuses the conversation, `invalid-option` for an unknown
   *   template, `invalid-file` where the template fails or takes too long
   */
  render(messages: readonly ChatMessage[], options: ChatOptions = {}): string {
    const { tools, documents, addGenerationPrompt = true, date = new Date(), variables } = options;
    const refuse = (reason: unknown): never => {
      throw new HandheldError("invalid-data", `${this.#where}: the chat template refuses: ${String(reason)}`);
    };
    return renderTemplate(
      this.#program(options),
      {
        raise_exception: refuse,
        strftime_now: (format: string) => strftime(date, String(format)),
        ...this.#tokens,
        messages,
        tools: tools ?? null,
        documents: documents ?? null,
        add_generation_prompt: addGenerationPrompt,
        ...variables,
      },
      this.#where,
    );
  }

  #program({ template, tools }: ChatOptions): Program {
    const usual = tools !== undefined && this.#sources.has("tool_use") ? "tool_use" : "default";
    const name = template ?? usual;
    const source = this.#sources.get(name);
    if (source === undefined) {
      const known = this.names.join(", ");
      throw new HandheldError("invalid-option", `${this.#where}: no chat template "${name}"; there are: ${known}`);
    }
    let program = this.#programs.get(name);
    if (program === undefined) {
      program = parseTemplate(source, this.#where);
      this.#programs.set(name, program);
    }
    return program;
  }
}

// bos_token and the like by their texts, as templates expect them.
function specialTokens(config: TokenizerConfig): Record<string, unknown> {
  const tokens: Record<string, unknown> = {};
  for (const role of ["bos", "eos", "unk", "pad", "sep", "cls", "mask"]) {
    const token = roleToken((config as Record<string, unknown>)[`${role}_token`] as TokenizerConfig["bos_token"]);
    if (typeof token === "string") tokens[`${role}_token`] = token;
  }
  return tokens;
}
