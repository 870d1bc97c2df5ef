// tokenizer.json and tokenizer_config.json as data: their types and their validation. What the steps do is elsewhere:
// normalizers.ts, pre-tokenizers.ts, bpe.ts, unigram.ts, token-bytes.ts.
import * as z from "zod";
import { HandheldError, invalidFile } from "../errors.ts";

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
  // Ours: a symbol of SentencePiece, found in normalised text as it is spelled. Python reads on without it.
  symbol: z.boolean().optional(),
});

// Vocabularies are large and their tokens may be called anything, `__proto__` too: they are checked by hand, uncopied.
const isPlainObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const vocab = z.custom<Record<string, number>>(isPlainObject, "Invalid input: expected an object");
const merges = z.custom<(string | [string, string])[]>(Array.isArray, "Invalid input: expected an array");
const pieces = z.custom<[string, number][]>(Array.isArray, "Invalid input: expected an array");
const optionalText = z.string().nullish();

const bpe = z.looseObject({
  type: z.literal("BPE"),
  vocab,
  merges,
  unk_token: optionalText,
  continuing_subword_prefix: optionalText,
  end_of_word_suffix: optionalText,
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  // Ours: pairs that make the same token are equals, and the leftmost goes first, as in SentencePiece.
  leftmost: z.boolean().optional(),
});
const unigram = z.looseObject({
  type: z.literal("Unigram"),
  vocab: pieces,
  unk_id: id.nullish(),
  byte_fallback: z.boolean().nullish(),
  // Ours, as in SentencePiece: sums are floats of 32 bits, these ids are never found in text, and what an unknown character
  // costs is not reckoned from all scores.
  float32: z.boolean().optional(),
  hidden: z.array(id).optional(),
  unknown_score: z.number().optional(),
});

const tokenizerJson = z.looseObject({
  added_tokens: z.array(addedToken),
  normalizer: component.nullish(),
  pre_tokenizer: component.nullish(),
  post_processor: component.nullish(),
  decoder: component.nullish(),
  model: z.discriminatedUnion("type", [bpe, unigram]),
});

/** A token matched in text before anything else. */
export type AddedTokenJson = z.infer<typeof addedToken>;
/** One step of a tokenizer (normalizer, pre-tokenizer, decoder …). */
export type ComponentJson = z.infer<typeof component>;
/** Byte-pair encoding. */
export type BpeJson = z.infer<typeof bpe>;
/** A unigram language model of pieces. */
export type UnigramJson = z.infer<typeof unigram>;
/** A parsed tokenizer.json. */
export type TokenizerJson = z.infer<typeof tokenizerJson>;

const namedToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const tokenizerConfig = z.looseObject({ bos_token: namedToken, eos_token: namedToken, pad_token: namedToken });
/** A parsed tokenizer_config.json; only the roles of tokens matter here, the rest is kept. */
export type TokenizerConfig = z.infer<typeof tokenizerConfig>;

/**
 * Validates the shape of a parsed tokenizer.json; vocabulary.ts and bpe.ts check the tokens of ids and merges.
 *
 * @throws HandheldError `invalid-file` that names the place; `where` prefixes it.
 */
export function parseTokenizerJson(json: unknown, where = "tokenizer.json"): TokenizerJson {
  const result = tokenizerJson.safeParse(older(json));
  if (!result.success) throw invalid(where, result.error.issues[0]!);
  const { model, added_tokens } = result.data;
  if (model.type === "Unigram") checkPieces(model, where);
  const ids = added_tokens.map((token) => token.id);
  if (new Set(ids).size !== ids.length) throw invalidFile(where, "added_tokens: two tokens have the same id");
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

/** Id of the token that a role (`bos_token` …) names, or null. */
export function roleToken(role: TokenizerConfig["bos_token"]): string | null {
  return typeof role === "string" ? role : (role?.content ?? null);
}

/** The steps of a component, sequences laid flat; `list` is where a sequence keeps them (`normalizers` …). */
export function flatten(step: ComponentJson | null | undefined, list: string, where: string): ComponentJson[] {
  const steps: ComponentJson[] = [];
  const visit = (value: unknown, depth: number): void => {
    const { type } = (value ?? {}) as { type?: unknown };
    if (typeof type !== "string" || depth > 32) throw invalidFile(where, `${list}: a step is not one`);
    if (type !== "Sequence") steps.push(value as ComponentJson);
    else {
      const inner = (value as Record<string, unknown>)[list];
      if (!Array.isArray(inner)) throw invalidFile(where, `a Sequence has no list of ${list}`);
      for (const item of inner) visit(item, depth + 1);
    }
  };
  if (step) visit(step, 0);
  return steps;
}

/** A text parameter of a step. @throws HandheldError `invalid-file` where it is none */
export function textOf(step: ComponentJson, key: string, where: string): string {
  const value = step[key];
  if (typeof value === "string") return value;
  throw invalidFile(where, `${step.type}: ${key} is not a text`);
}

/** What a step puts in, a short text: long ones make much of little. @throws as {@link textOf} */
export function insertedText(step: ComponentJson, key: string, where: string): string {
  const text = textOf(step, key, where);
  if (text.length <= 256) return text;
  throw invalidFile(where, `${step.type}: ${key} has ${text.length} characters, more than 256`);
}

/** The pattern of a step: literal text, or a regular expression of Oniguruma. @throws as {@link textOf} */
export function patternOf(step: ComponentJson, where: string): { literal: string } | { regex: string } {
  const { String: literal, Regex: regex } = (step.pattern ?? {}) as { String?: unknown; Regex?: unknown };
  if (typeof literal === "string" && literal !== "") return { literal };
  if (typeof regex === "string") return { regex };
  throw invalidFile(where, `${step.type}: its pattern is neither a String nor a Regex`);
}

/** The error for a step that is not known here. */
export function unknownStep(step: ComponentJson, kind: string, where: string): HandheldError {
  const name = JSON.stringify(step.type.slice(0, 80));
  return new HandheldError("unsupported", `${where}: ${kind} ${name} is not supported`);
}

// Files of old versions leave the model's type and the list of added tokens out.
function older(json: unknown): unknown {
  if (!isPlainObject(json)) return json;
  const file = json as Record<string, unknown>;
  const model = file.model as Record<string, unknown> | undefined;
  const untyped = isPlainObject(model) && model!.type === undefined && isPlainObject(model!.vocab) && model!.merges;
  const typed = untyped ? { ...file, model: { ...model, type: "BPE" } } : file;
  return file.added_tokens === undefined && isPlainObject(model) ? { ...typed, added_tokens: [] } : typed;
}

function invalid(where: string, issue: z.core.$ZodIssue): HandheldError {
  const path = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return invalidFile(where, `${path}${issue.message}; is this a Hugging Face tokenizer?`);
}

/** Whether a value is one of the ids that are allowed. */
export function isTokenId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < maxId;
}

/** The two tokens of a merge, which files write as `"a b"` or `["a", "b"]`. */
export function mergeParts(merge: string | readonly string[]): readonly string[] {
  return typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
}

function checkPieces({ vocab, unk_id }: UnigramJson, where: string): void {
  vocab.forEach((piece: unknown, i) => {
    const [token, score] = Array.isArray(piece) ? piece : [];
    if (typeof token !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
      throw invalidFile(where, `model.vocab.${i}: not a piece and its score`);
    }
  });
  if (vocab.length > maxId) throw invalidFile(where, `model.vocab: ${vocab.length} pieces are too many`);
  if (typeof unk_id === "number" && unk_id >= vocab.length) {
    throw invalidFile(where, `model.unk_id: ${unk_id} is not among ${vocab.length} pieces`);
  }
}
