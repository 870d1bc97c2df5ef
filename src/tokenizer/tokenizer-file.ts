// Tokenizers in model directories: tokenizer.json, or else SentencePiece's tokenizer.model, or else GPT-2's vocab.json and
// merges.txt; and, where there is one, tokenizer_config.json.
import { HandheldError, invalidFile } from "../errors.ts";
import { writeFileAtomic } from "../io.ts";
import { type FileSource, type IncomingFile, readJson, readOptionalJson, sourceOf } from "../source.ts";
import { bpeModel, byteLevelSteps, plainAddedToken, type TokenizerFiles } from "./assemble.ts";
import { gpt2Pattern } from "./byte-level.ts";
import { type ChatTemplate, createChatTemplate } from "./chat-template.ts";
import type { AddedTokenJson } from "./format.ts";
import { readSentencePiece } from "./sentencepiece.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** Largest tokenizer.model or merges.txt; those of 256,000 tokens have 5 MB. */
const mostBytes = 256 * 2 ** 20;

type Json = Record<string, unknown>;

/**
 * Loads the tokenizer of a model directory.
 *
 * @throws HandheldError `io` when there is none or it cannot be read, `invalid-file` or `unsupported` by its content.
 */
export async function loadTokenizer(folder: string | FileSource): Promise<Tokenizer> {
  const source = sourceOf(folder);
  const json = await readOptionalJson(source, "tokenizer.json");
  if (json !== undefined) {
    const config = await readOptionalJson(source, "tokenizer_config.json");
    return createTokenizer(json, config ?? {}, `${source.name}/tokenizer.json`);
  }
  const pieces = await source.open("tokenizer.model");
  if (pieces !== null) return openPieces(source, pieces);
  const merges = await source.open("merges.txt");
  if (merges !== null) return openMerges(source, merges);
  await readJson(source, "tokenizer.json"); // says that there is none
  throw new HandheldError("io", `${source.name}/tokenizer.json: appeared while it was looked for; try again`);
}

/**
 * The chat template of a model directory: chat_template.jinja, or else chat_template.json, or else that of the tokenizer's
 * configuration; null where there is none.
 *
 * @throws HandheldError `io`, or `invalid-file` by its content.
 */
export async function loadChatTemplate(
  folder: string | FileSource,
  tokenizer: Tokenizer,
): Promise<ChatTemplate | null> {
  const source = sourceOf(folder);
  const own = (file: string, chat_template: unknown) =>
    createChatTemplate({ ...tokenizer.config, chat_template }, `${source.name}/${file}`);
  const jinja = await source.open("chat_template.jinja");
  if (jinja !== null) {
    const where = `${source.name}/chat_template.jinja`;
    return own("chat_template.jinja", new TextDecoder().decode(await readBytes(jinja, where)));
  }
  const json = objectOf(await readOptionalJson(source, "chat_template.json"));
  if (json.chat_template !== undefined) return own("chat_template.json", json.chat_template);
  return own("tokenizer_config.json", (tokenizer.config as Json).chat_template);
}

/**
 * Writes tokenizer.json and tokenizer_config.json into a folder, each atomically.
 *
 * @throws HandheldError `io`, or `invalid-file` for what is nested too deeply.
 */
export async function saveTokenizer(tokenizer: Tokenizer, folder: string): Promise<void> {
  // Python's library cleans up spaces before punctuation unless told not to.
  const config = { clean_up_tokenization_spaces: false, ...tokenizer.config };
  await writeFileAtomic(`${folder}/tokenizer.json`, `${stringify(tokenizer.json, "tokenizer.json")}\n`);
  await writeFileAtomic(`${folder}/tokenizer_config.json`, `${stringify(config, "tokenizer_config.json", 2)}\n`);
}

// What was read may be nested deeper than can be written.
function stringify(json: unknown, file: string, indent = 0): string {
  try {
    return JSON.stringify(json, null, indent);
  } catch (cause) {
    throw invalidFile(file, "is nested too deeply to be written", cause);
  }
}

async function openPieces(source: FileSource, file: IncomingFile): Promise<Tokenizer> {
  const where = `${source.name}/tokenizer.model`;
  const bytes = await readBytes(file, where);
  const config = await readConfig(source);
  const files = readSentencePiece(bytes, config, where);
  return openFiles(source, { json: files.json, config: { ...files.config, ...config } }, where);
}

async function openMerges(source: FileSource, file: IncomingFile): Promise<Tokenizer> {
  const where = `${source.name}/vocab.json`;
  const text = new TextDecoder().decode(await readBytes(file, `${source.name}/merges.txt`));
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#version"));
  const vocab = await readJson(source, "vocab.json");
  const config = await readConfig(source);
  const merges = lines.map((line) => line.replace(/\r$/, "").split(" "));
  const cut = { type: "Split", pattern: { Regex: gpt2Pattern }, behavior: "Isolated", invert: false };
  const json: Json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialOf(vocab as Json, config),
    ...byteLevelSteps([cut]),
    post_processor: null,
    model: bpeModel({ vocab, merges }),
  };
  return openFiles(source, { json, config }, where);
}

/** tokenizer_config.json with the roles of special_tokens_map.json that it leaves out. */
async function readConfig(source: FileSource): Promise<Json> {
  const roles = await readOptionalJson(source, "special_tokens_map.json");
  const config = await readOptionalJson(source, "tokenizer_config.json");
  return { ...objectOf(roles), ...objectOf(config) };
}

/** Adds the tokens of added_tokens.json and tokenizer_config.json, which the files before know nothing of. */
async function openFiles(source: FileSource, { json, config }: TokenizerFiles, where: string): Promise<Tokenizer> {
  const added = new Map((json.added_tokens as AddedTokenJson[]).map((token) => [token.id, token]));
  const others = objectOf(await readOptionalJson(source, "added_tokens.json"));
  for (const [content, id] of Object.entries(others)) {
    if (typeof id !== "number") throw invalidFile(`${source.name}/added_tokens.json`, "an id is not a number");
    added.set(id, plainAddedToken(id, content, true));
  }
  for (const [key, value] of Object.entries(objectOf(config.added_tokens_decoder))) {
    const token = { ...objectOf(value), id: Number(key) } as AddedTokenJson;
    // A symbol of SentencePiece stays one.
    if (added.get(token.id)?.symbol !== true) added.set(token.id, token);
  }
  return createTokenizer({ ...json, added_tokens: [...added.values()] }, config, where);
}

// The tokens with a role that the vocabulary has.
function specialOf(vocab: Json, config: Json): AddedTokenJson[] {
  const names = ["bos_token", "eos_token", "unk_token", "pad_token"].map((role) => {
    const token = config[role] ?? "<|endoftext|>";
    return typeof token === "string" ? token : String(objectOf(token).content ?? "");
  });
  const known = [...new Set(names)].filter((name) => name !== "" && Object.hasOwn(objectOf(vocab), name));
  return known.map((name) => plainAddedToken(vocab[name] as number, name, true));
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

async function readBytes({ chunks }: IncomingFile, where: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > mostBytes) throw invalidFile(where, `is larger than ${mostBytes} bytes; is this a tokenizer?`);
    parts.push(Uint8Array.from(chunk));
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
