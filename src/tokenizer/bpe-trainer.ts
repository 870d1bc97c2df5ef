// Trains a byte-level BPE vocabulary and writes it as tokenizer.json. Deterministic: the same texts in the same order
// and the same options give the same file.
import { HandheldError } from "../errors.ts";
import { learnMerges, type Merge } from "./bpe-merges.ts";
import { alphabetOrder, byteToChar, charToByte, digitsPattern, splitDigits, splitWords } from "./byte-level.ts";
import type { AddedTokenJson, TokenizerConfig, TokenizerJson } from "./format.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** Options of {@link trainTokenizer}. */
export interface TrainTokenizerOptions {
  /** V: added tokens, 256 bytes and merges together. The result is smaller when the texts run out of repeated pairs. */
  vocabularySize: number;
  /** Tokens that never come from text's words and are left out when decoding, ids 0, 1, …. Default `<|endoftext|>`. */
  specialTokens?: readonly string[];
  /** Strings that are always one token, such as `set_alarm(`; their ids follow the special ones. */
  literalTokens?: readonly string[];
  /** Which special tokens begin, end and pad a sequence. Default: `eos` is the first special token, the others none. */
  roles?: { bos?: string; eos?: string; pad?: string };
  /** Put a space before every stretch between added tokens that has none, so that words look alike everywhere. Default false. */
  addPrefixSpace?: boolean;
  /**
   * Most digits 0-9 in one token; longer numbers are cut from the left. Default 1. With 2 the numbers of a clock are one
   * token each. Infinity: numbers are words like others.
   */
  maxDigits?: number;
  /** Do not join pairs seen less often than this. Default 2. */
  minCount?: number;
}

/**
 * Trains a byte-level BPE tokenizer on texts. All 256 bytes are in the vocabulary, so any UTF-8 text round-trips.
 *
 * @throws HandheldError `invalid-option` when the vocabulary is too small or an added token is unusable.
 * @example
 * ```ts
 * const tokenizer = trainTokenizer(lines, { vocabularySize: 4096, literalTokens: ["set_alarm("] });
 * await saveTokenizer(tokenizer, "runs/mine/float");
 * ```
 */
export function trainTokenizer(texts: Iterable<string>, options: TrainTokenizerOptions): Tokenizer {
  const special = options.specialTokens ?? ["<|endoftext|>"];
  const literal = options.literalTokens ?? [];
  const vocabulary = startVocabulary(special, literal, options.vocabularySize);
  const counts = countWords(texts, vocabulary.added, options);
  const merges = learn(counts, vocabulary, options);
  return createTokenizer(describe(vocabulary, merges, options), describeRoles(special, options.roles));
}

interface Vocabulary {
  /** Token of each id as spelled in tokenizer.json. */
  tokens: string[];
  ids: Map<string, number>;
  added: AddedTokenJson[];
}

function startVocabulary(special: readonly string[], literal: readonly string[], size: number): Vocabulary {
  const fail = (reason: string) => new HandheldError("invalid-option", `tokenizer: ${reason}`);
  const vocabulary: Vocabulary = { tokens: [], ids: new Map(), added: [] };
  const give = (token: string) => {
    const known = vocabulary.ids.get(token);
    if (known !== undefined) return known;
    vocabulary.ids.set(token, vocabulary.tokens.length);
    return vocabulary.tokens.push(token) - 1;
  };
  const all = [...special, ...literal];
  for (const content of all) {
    if (content === "") throw fail("an added token is empty; remove it");
    if (content.length === 1 && charToByte.has(content) && content > "~") {
      throw fail(`added token "${content}" is the spelling of a byte; use a longer string`);
    }
  }
  if (new Set(all).size !== all.length) throw fail("an added token is given twice; remove one");
  // One printable ASCII character already is a token: its byte's. It is only marked as added, below.
  for (const content of all) if (content.length > 1 || !charToByte.has(content)) give(content);
  for (const byte of alphabetOrder) give(byteToChar[byte]!);
  if (!Number.isInteger(size) || size < vocabulary.tokens.length) {
    throw fail(
      `vocabularySize ${size} is too small for 256 bytes and the added tokens; use at least ${vocabulary.tokens.length}`,
    );
  }
  vocabulary.added = all.map((content, i) => addedToken(give(content), content, i < special.length));
  return vocabulary;
}

function addedToken(id: number, content: string, special: boolean): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

function countWords(
  texts: Iterable<string>,
  added: readonly AddedTokenJson[],
  options: TrainTokenizerOptions,
): Map<string, number> {
  const counts = new Map<string, number>();
  const separator = addedPattern(added);
  for (const text of texts) {
    const segments = separator === null ? [text] : text.split(separator);
    for (const segment of segments) {
      if (segment === "") continue;
      const spaced = options.addPrefixSpace && !segment.startsWith(" ") ? ` ${segment}` : segment;
      for (const word of splitWords(spaced)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const most = maxDigits(options);
  return Number.isFinite(most) ? countDigitsApart(counts, most) : counts;
}

function maxDigits({ maxDigits: most = 1 }: TrainTokenizerOptions): number {
  if (most >= 1 && (Number.isInteger(most) || most === Number.POSITIVE_INFINITY)) return most;
  throw new HandheldError("invalid-option", `tokenizer: maxDigits is ${most}; use a whole number of at least 1`);
}

function countDigitsApart(counts: Map<string, number>, most: number): Map<string, number> {
  const apart = new Map<string, number>();
  for (const [word, count] of counts) {
    for (const part of splitDigits(word, most)) apart.set(part, (apart.get(part) ?? 0) + count);
  }
  return apart;
}

// Longest first, so that the leftmost longest added token wins, as in the tokenizer.
function addedPattern(added: readonly AddedTokenJson[]): RegExp | null {
  if (added.length === 0) return null;
  const contents = added.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(contents.map((content) => content.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")).join("|"));
}

// Extends `vocabulary` with the learned tokens and returns the merges in order.
function learn(counts: Map<string, number>, vocabulary: Vocabulary, options: TrainTokenizerOptions): Merge[] {
  const { tokens, ids, added } = vocabulary;
  const addedIds = new Set(added.map(({ id }) => id));
  const nameMerge = (left: number, right: number) => {
    if (tokens.length >= options.vocabularySize) return "stop";
    const token = tokens[left]! + tokens[right]!;
    const known = ids.get(token);
    if (known !== undefined) return addedIds.has(known) ? null : known;
    ids.set(token, tokens.length);
    return tokens.push(token) - 1;
  };
  return learnMerges(spellWords(counts, ids), nameMerge, Math.max(1, options.minCount ?? 2));
}

function spellWords(counts: Map<string, number>, ids: Map<string, number>) {
  const byteIds = Int32Array.from(byteToChar, (char) => ids.get(char)!);
  const encoder = new TextEncoder();
  const words = [...counts.keys()].map((word) => encoder.encode(word));
  const starts = new Int32Array(words.length + 1);
  words.forEach((bytes, i) => {
    starts[i + 1] = starts[i]! + bytes.length;
  });
  const symbols = new Int32Array(starts[words.length]!);
  words.forEach((bytes, i) => {
    for (let j = 0; j < bytes.length; j++) symbols[starts[i]! + j] = byteIds[bytes[j]!]!;
  });
  return { symbols, starts, counts: Float64Array.from(counts.values()) };
}

function describe(vocabulary: Vocabulary, merges: Merge[], options: TrainTokenizerOptions): TokenizerJson {
  const { tokens, added } = vocabulary;
  const byteLevel = { type: "ByteLevel", add_prefix_space: options.addPrefixSpace ?? false, trim_offsets: true };
  const words = { ...byteLevel, use_regex: true };
  const most = maxDigits(options);
  const digits = { type: "Split", pattern: { Regex: digitsPattern(most) }, behavior: "Isolated", invert: false };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: Number.isFinite(most) ? { type: "Sequence", pretokenizers: [words, digits] } : words,
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(({ left, right }) => [tokens[left]!, tokens[right]!]),
    },
  };
}

function describeRoles(special: readonly string[], roles: TrainTokenizerOptions["roles"] = {}): TokenizerConfig {
  const { bos, eos = special[0], pad } = roles;
  for (const [role, token] of Object.entries(roles)) {
    if (!special.includes(token)) {
      throw new HandheldError("invalid-option", `tokenizer: ${role} token "${token}" is not among the special tokens`);
    }
  }
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...(bos === undefined ? {} : { bos_token: bos }),
    ...(eos === undefined ? {} : { eos_token: eos }),
    ...(pad === undefined ? {} : { pad_token: pad }),
  };
}
