// The tokenizer in a GGUF file's metadata as tokenizer.json and tokenizer_config.json.
import { HandheldError, invalidFile, quoteValue } from "../errors.ts";
import type { GgufHeader, GgufValue } from "./header.ts";
import { preTokenizers, spellBytesStep, stepsOf } from "./pre-tokenizers.ts";

/** What {@link createTokenizer} of handheld/tokenizer takes. */
export interface TokenizerFiles {
  json: Record<string, unknown>;
  config: Record<string, unknown>;
}

/** llama.cpp's kinds of tokens, `tokenizer.ggml.token_type`. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** @throws HandheldError `invalid-file` where metadata is missing or wrong, `unsupported` for kinds that are not known */
export function ggufTokenizer({ metadata }: GgufHeader, where: string): TokenizerFiles {
  const model = metadata.get("tokenizer.ggml.model");
  const tokens = strings(metadata, "tokenizer.ggml.tokens", where);
  const types = metadata.get("tokenizer.ggml.token_type") ?? tokens.map(() => tokenKinds.normal);
  if (!Array.isArray(types) || types.length !== tokens.length) {
    throw invalidFile(where, `has ${tokens.length} tokens, but not as many of "tokenizer.ggml.token_type"`);
  }
  const added = tokens.flatMap((content, id) => {
    const type = types[id];
    if (type !== tokenKinds.control && type !== tokenKinds.userDefined && type !== tokenKinds.unknown) return [];
    if (content === "") throw invalidFile(where, `token ${id} is special and empty`);
    const special = type !== tokenKinds.userDefined;
    return [{ id, content, special, single_word: false, lstrip: false, rstrip: false, normalized: false }];
  });
  const roles = ["bos", "eos", "unknown", "padding"].map((role) => {
    const id = metadata.get(`tokenizer.ggml.${role}_token_id`);
    return typeof id === "number" ? tokens[id] : undefined;
  });
  const [bos, eos, unknown, padding] = roles;
  const config: Record<string, unknown> = { bos_token: bos, eos_token: eos, unk_token: unknown, pad_token: padding };
  const template = metadata.get("tokenizer.chat_template");
  if (typeof template === "string") config.chat_template = template;
  const addsBos = metadata.get("tokenizer.ggml.add_bos_token") ?? model === "llama";
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...(model === "llama"
      ? sentencePiece(metadata, tokens, unknown, where)
      : model === "gpt2"
        ? byteLevel(metadata, tokens, added, where)
        : unsupported(`${where}: tokenizer ${JSON.stringify(model)} is not supported, only "gpt2" and "llama"`)),
    post_processor: addsBos && bos !== undefined ? prependToken(bos, tokens.indexOf(bos)) : null,
  };
  return { json, config };
}

/** Byte-level BPE, as GPT-2 has it. */
function byteLevel(
  metadata: ReadonlyMap<string, GgufValue>,
  tokens: readonly string[],
  added: readonly { id: number }[],
  where: string,
): Record<string, unknown> {
  const pre = metadata.get("tokenizer.ggml.pre") ?? "gpt-2";
  const steps = typeof pre === "string" ? stepsOf(pre) : undefined;
  if (steps === undefined) {
    const known = Object.keys(preTokenizers).join(", ");
    return unsupported(`${where}: pre-tokenizer ${quoteValue(pre)} is not supported; known: ${known}`);
  }
  const apart = new Set(added.map(({ id }) => id));
  return {
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [...steps, spellBytesStep],
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bpe({
      vocab: vocabulary(tokens, where, (id) => !apart.has(id)),
      merges: strings(metadata, "tokenizer.ggml.merges", where).map((merge) => merge.split(" ")),
    }),
  };
}

// SentencePiece's own limit is 16 by default; a piece is cut at each of its letters to find its merges.
const longestPiece = 512;

/** SentencePiece's BPE, as Llama has it: pieces with scores, spaces as ▁, bytes where there is no piece. */
function sentencePiece(
  metadata: ReadonlyMap<string, GgufValue>,
  tokens: readonly string[],
  unknown: string | undefined,
  where: string,
): Record<string, unknown> {
  const long = tokens.findIndex((token) => token.length > longestPiece);
  if (long >= 0)
    throw invalidFile(where, `token ${long} has ${tokens[long]!.length} letters, at most ${longestPiece} are believed`);
  const scores = metadata.get("tokenizer.ggml.scores");
  if (!Array.isArray(scores) || scores.length !== tokens.length) {
    throw invalidFile(where, `has ${tokens.length} tokens, but not as many of "tokenizer.ggml.scores"`);
  }
  const space = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const prefix = (metadata.get("tokenizer.ggml.add_space_prefix") ?? true) === true;
  return {
    normalizer: { type: "Sequence", normalizers: [...(prefix ? [{ type: "Prepend", prepend: "▁" }] : []), space] },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: bpe({
      vocab: vocabulary(tokens, where, () => true),
      merges: mergesByScore(tokens, scores as number[]),
      unk_token: unknown ?? null,
      fuse_unk: true,
      byte_fallback: true,
    }),
  };
}

/**
 * The pairs of pieces that make a third, the best score first: SentencePiece joins what scores highest, as BPE joins what
 * comes first in its list. Among equal scores longer first halves come first, as transformers' converter has them.
 */
export function mergesByScore(tokens: readonly string[], scores: readonly number[]): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: { left: string; right: string; score: number; leftId: number; rightId: number }[] = [];
  tokens.forEach((token, id) => {
    for (let at = 1; at < token.length; at++) {
      if (isLowSurrogate(token, at)) continue;
      const [left, right] = [token.slice(0, at), token.slice(at)];
      const [leftId, rightId] = [ids.get(left), ids.get(right)];
      if (leftId === undefined || rightId === undefined) continue;
      merges.push({ left, right, score: scores[id]!, leftId, rightId });
    }
  });
  merges.sort(
    (a, b) =>
      b.score - a.score ||
      [...b.left].length - [...a.left].length ||
      [...b.right].length - [...a.right].length ||
      a.leftId - b.leftId ||
      a.rightId - b.rightId,
  );
  return merges.map(({ left, right }) => [left, right]);
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function bpe(parts: Record<string, unknown>): Record<string, unknown> {
  const plain = { dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null };
  return { type: "BPE", ...plain, fuse_unk: false, byte_fallback: false, ...parts };
}

function vocabulary(tokens: readonly string[], where: string, keep: (id: number) => boolean): Record<string, number> {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (!keep(id)) return;
    const other = ids.get(token);
    if (other !== undefined) throw invalidFile(where, `tokens ${other} and ${id} are both ${JSON.stringify(token)}`);
    ids.set(token, id);
  });
  return Object.fromEntries(ids);
}

/** Puts a token before each text. */
function prependToken(token: string, id: number): Record<string, unknown> {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  return {
    type: "TemplateProcessing",
    single: [special, { Sequence: { id: "A", type_id: 0 } }],
    pair: [special, { Sequence: { id: "A", type_id: 0 } }, special, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}

function strings(metadata: ReadonlyMap<string, GgufValue>, key: string, where: string): string[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value as string[];
  throw invalidFile(where, `metadata "${key}" ${value === undefined ? "is missing" : "is not a list of strings"}`);
}

function unsupported(message: string): never {
  throw new HandheldError("unsupported", message);
}
