// The tokens of a file and their ids, checked and looked up both ways. Added tokens go before those of the model.
import { invalidFile, quoteName } from "../errors.ts";
import { isTokenId, type TokenizerJson } from "./format.ts";

/** Tokens ↔ ids. */
export interface Vocabulary {
  /** Ids of the model's tokens. */
  model: ReadonlyMap<string, number>;
  /** Ids of added tokens. */
  added: ReadonlyMap<string, number>;
  /** The token of each id, V entries; undefined where there is none. */
  tokens: readonly (string | undefined)[];
}

/**
 * Reads the vocabulary of a file whose shape was checked.
 *
 * @throws HandheldError `invalid-file` for ids that are none, are given twice or lie far apart; `where` prefixes it
 */
export function createVocabulary({ model, added_tokens }: TokenizerJson, where: string): Vocabulary {
  const ids = new Map<string, number>();
  let size = 0;
  if (model.type === "Unigram") {
    // A piece that is there twice: the last one is found, as in the Rust library.
    for (const [id, [piece]] of model.vocab.entries()) ids.set(piece, id);
    size = model.vocab.length;
  } else {
    for (const token of Object.keys(model.vocab)) {
      const id = model.vocab[token]!;
      if (!isTokenId(id)) throw invalidFile(where, `model.vocab.${token.slice(0, 80)}: not a whole number from 0`);
      ids.set(token, id);
      size = Math.max(size, id + 1);
    }
  }
  for (const { id } of added_tokens) size = Math.max(size, id + 1);
  // Gaps cost memory; real files have few.
  const known = size > 0 && model.type === "Unigram" ? model.vocab.length : ids.size;
  if (size > 4 * (known + added_tokens.length) + 65_536) {
    throw invalidFile(where, `model.vocab: ${known} tokens have ids up to ${size - 1}`);
  }
  const tokens = new Array<string | undefined>(size).fill(undefined);
  if (model.type === "Unigram") for (const [id, [piece]] of model.vocab.entries()) tokens[id] = piece;
  else place(ids, tokens, where);
  for (const { content, id } of added_tokens) tokens[id] = content;
  return { model: ids, added: new Map(added_tokens.map(({ content, id }) => [content, id])), tokens };
}

function place(ids: ReadonlyMap<string, number>, tokens: (string | undefined)[], where: string): void {
  for (const [token, id] of ids) {
    if (tokens[id] !== undefined) {
      const pair = `${quoteName(tokens[id])} and ${quoteName(token)}`;
      throw invalidFile(where, `model.vocab: ${pair} both have the id ${id}`);
    }
    tokens[id] = token;
  }
}
