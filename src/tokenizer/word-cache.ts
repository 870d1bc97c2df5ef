// A faster way to the same ids for byte-level BPE: words are encoded once and remembered. The library cuts, spells and
// merges each word anew, at about 1 MB/s.
import { splitWords } from "./byte-level.ts";
import type { ComponentJson, TokenizerJson } from "./format.ts";

/** Words kept before the cache starts afresh. */
const mostWords = 100_000;

/** How a tokenizer cuts text into words that are encoded independently of each other. */
export interface WordRule {
  addPrefixSpace: boolean;
  /** The same tokenizer for one word: without the cutting, without added tokens. */
  wordJson: TokenizerJson;
}

/** The rule, or null where text is not first of all cut into GPT-2's words. */
export function wordRule(json: TokenizerJson): WordRule | null {
  const { pre_tokenizer: step, normalizer, model } = json;
  if (normalizer || model.type !== "BPE" || !step) return null;
  const isSequence = step.type === "Sequence" && Array.isArray(step.pretokenizers);
  const [first, ...rest] = isSequence ? (step.pretokenizers as ComponentJson[]) : [step];
  if (first?.type !== "ByteLevel" || first.use_regex === false) return null;
  const spelled = { ...first, add_prefix_space: false, use_regex: false };
  const pre_tokenizer = { type: "Sequence", pretokenizers: [spelled, ...rest] };
  return { addPrefixSpace: first.add_prefix_space === true, wordJson: { ...json, added_tokens: [], pre_tokenizer } };
}

/** Encodes by words; `encodeWord` is asked once for each. */
export class WordCache {
  readonly #addPrefixSpace: boolean;
  readonly #encodeWord: (word: string) => number[];
  readonly #known = new Map<string, readonly number[]>();

  constructor(addPrefixSpace: boolean, encodeWord: (word: string) => number[]) {
    this.#addPrefixSpace = addPrefixSpace;
    this.#encodeWord = encodeWord;
  }

  /** Text → ids. */
  encode(text: string): number[] {
    const ids: number[] = [];
    const spaced = this.#addPrefixSpace && text !== "" && !text.startsWith(" ") ? ` ${text}` : text;
    for (const word of splitWords(spaced)) {
      for (const id of this.#known.get(word) ?? this.#learn(word)) ids.push(id);
    }
    return ids;
  }

  #learn(word: string): readonly number[] {
    const ids = this.#encodeWord(word);
    if (this.#known.size >= mostWords) this.#known.clear();
    this.#known.set(word, ids);
    return ids;
  }
}
