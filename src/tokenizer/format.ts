// tokenizer.json and tokenizer_config.json as data: their types, their validation, and the rewriting that makes
// @huggingface/tokenizers split text exactly as the Rust and Python libraries do.
import * as z from "zod";
import { HandheldError } from "../errors.ts";
import { gpt2Pattern } from "./byte-level.ts";

const maxId = 1 << 24;
const id = z.number().int().nonnegative().lt(maxId);
const component = z.looseObject({ type: z.string() });

const addedToken = z.looseObject({
  id,
  content: z.string().min(1),
  single_word: z.boolean().optional(),
  lstrip: z.boolean().optional(),
  rstrip: z.boolean().optional(),
  normalized: z.boolean().optional(),
  special: z.boolean().optional(),
});

const bpe = z.looseObject({
  type: z.literal("BPE"),
  vocab: z.record(z.string(), id),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
});
const unigram = z.looseObject({ type: z.literal("Unigram"), vocab: z.array(z.tuple([z.string(), z.number()])) });
const wordPiece = z.looseObject({ type: z.literal("WordPiece"), vocab: z.record(z.string(), id) });

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
  decoder: component.nullish(),
  model: z.discriminatedUnion("type", [bpe, unigram, wordPiece]),
});

/** A token matched in text before anything else. */
export type AddedTokenJson = z.infer<typeof addedToken>;
/** One step of a tokenizer (normalizer, pre-tokenizer, decoder …). */
export type ComponentJson = z.infer<typeof component>;
/** A parsed tokenizer.json. */
export type TokenizerJson = z.infer<typeof tokenizerJson>;

const namedToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const tokenizerConfig = z.looseObject({ bos_token: namedToken, eos_token: namedToken, pad_token: namedToken });
/** A parsed tokenizer_config.json; only the roles of tokens matter here, the rest is kept. */
export type TokenizerConfig = z.infer<typeof tokenizerConfig>;

/**
 * Validates a parsed tokenizer.json: shape, ids in range and given once, merges of known tokens into known tokens.
 *
 * @throws HandheldError `invalid-file` that names the place; `where` prefixes it.
 */
export function parseTokenizerJson(json: unknown, where = "tokenizer.json"): TokenizerJson {
  const result = tokenizerJson.safeParse(json);
  if (!result.success) throw invalid(where, result.error.issues[0]!);
  const { model, added_tokens } = result.data;
  if (model.type !== "Unigram") checkIds(model.vocab, where);
  if (model.type === "BPE") checkMerges(model.vocab, model.merges, where);
  const ids = added_tokens.map((token) => token.id);
  if (new Set(ids).size !== ids.length) {
    throw new HandheldError("invalid-file", `${where}: added_tokens: two tokens have the same id`);
  }
  return result.data;
}

/**
 * Validates a parsed tokenizer_config.json.
 *
 * @throws HandheldError `invalid-file`; `where` prefixes it.
 */
export function parseTokenizerConfig(json: unknown, where = "tokenizer_config.json"): TokenizerConfig {
  const result = tokenizerConfig.safeParse(json);
  if (!result.success) throw invalid(where, result.error.issues[0]!);
  return result.data;
}

function invalid(where: string, issue: z.core.$ZodIssue): HandheldError {
  const path = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return new HandheldError("invalid-file", `${where}: ${path}${issue.message}; is this a Hugging Face tokenizer?`);
}

function checkIds(vocab: Record<string, number>, where: string): void {
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(vocab)) {
    const other = tokens.get(id);
    if (other !== undefined) {
      const pair = `${JSON.stringify(other)} and ${JSON.stringify(token)}`;
      throw new HandheldError("invalid-file", `${where}: model.vocab: ${pair} both have the id ${id}`);
    }
    tokens.set(id, token);
  }
}

function checkMerges(vocab: Record<string, number>, merges: (string | string[])[], where: string): void {
  merges.forEach((merge, i) => {
    const [left, right, ...rest] = typeof merge === "string" ? merge.split(" ") : merge;
    const known = (token: string | undefined) => token !== undefined && Object.hasOwn(vocab, token);
    if (rest.length > 0 || !known(left) || !known(right) || !known(left! + right!)) {
      throw new HandheldError(
        "invalid-file",
        `${where}: model.merges.${i}: ${JSON.stringify(merge)} does not join two tokens of the vocabulary into a third`,
      );
    }
  });
}

/** Id of the token that a role (`bos_token` …) names, or null. */
export function roleToken(role: TokenizerConfig["bos_token"]): string | null {
  return typeof role === "string" ? role : (role?.content ?? null);
}

/**
 * The tokenizer.json to hand to @huggingface/tokenizers 0.2. Its ByteLevel uses JavaScript's `\s` and its Digits
 * JavaScript's `\d`, which differ from the Rust library on U+0085, U+FEFF and non-ASCII numerals; its Split is exact.
 */
export function forLibrary(json: TokenizerJson): TokenizerJson {
  const { pre_tokenizer } = json;
  return pre_tokenizer ? { ...json, pre_tokenizer: exactPreTokenizer(pre_tokenizer) } : json;
}

function exactPreTokenizer(step: ComponentJson): ComponentJson {
  if (step.type === "Sequence" && Array.isArray(step.pretokenizers)) {
    return { ...step, pretokenizers: (step.pretokenizers as ComponentJson[]).map(exactPreTokenizer) };
  }
  if (step.type === "Digits") return isolate(step.individual_digits ? "\\p{N}" : "\\p{N}+");
  if (step.type !== "ByteLevel") return step;
  // "Replace every space by a space, and put one first where there is none."
  const spaceBefore = { type: "Metaspace", replacement: " ", prepend_scheme: "always" };
  return {
    type: "Sequence",
    pretokenizers: [
      ...(step.add_prefix_space ? [spaceBefore] : []),
      ...((step.use_regex ?? true) ? [isolate(gpt2Pattern)] : []),
      { type: "ByteLevel", add_prefix_space: false, use_regex: false },
    ],
  };
}

function isolate(pattern: string): ComponentJson {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}
