// Text → ids by the steps of tokenizer.json: added tokens, normaliser, pre-tokeniser, model. Equal to Hugging Face's Rust
// library, id for id; what comes after the last cut is done once for each word and remembered.
import { AddedTokens } from "./added-tokens.ts";
import { type Bpe, createBpe } from "./bpe.ts";
import { mergeParts, type TokenizerJson } from "./format.ts";
import { createNormalizer, type Normalize } from "./normalizers.ts";
import { createPreTokenizer, type PreStep } from "./pre-tokenizers.ts";
import { createUnigram } from "./unigram.ts";
import { WordCache } from "./word-cache.ts";

/** Encodes text by a validated file. */
export class Encoder {
  readonly #verbatim: AddedTokens;
  readonly #normalised: AddedTokens;
  readonly #normalize: Normalize | null;
  readonly #cuts: readonly PreStep[];
  readonly #words: WordCache;

  /**
   * @param ids those of the model's tokens
   * @throws HandheldError `invalid-file` or `unsupported` for steps that are not known; `where` prefixes it
   */
  constructor(json: TokenizerJson, ids: ReadonlyMap<string, number>, where: string) {
    const normalize = createNormalizer(json.normalizer, where);
    this.#normalize = normalize;
    const inNormalised = ({ normalized, special, symbol }: (typeof json.added_tokens)[number]) =>
      symbol === true || (normalized ?? special !== true);
    this.#verbatim = new AddedTokens(
      json.added_tokens.filter((token) => !inNormalised(token)),
      ({ content }) => content,
    );
    this.#normalised = new AddedTokens(json.added_tokens.filter(inNormalised), ({ content, symbol }) =>
      normalize === null || symbol === true ? content : normalize(content),
    );
    const steps = createPreTokenizer(json.pre_tokenizer, where);
    const end = firstPerWord(steps);
    const rest = steps.slice(end);
    const { cut, encode } = createModel(json, ids, rest.length === 0, where);
    this.#cuts = [...steps.slice(0, end), ...cut];
    this.#words = new WordCache((word, ids) => {
      for (const piece of run(rest, word, false)) if (piece !== "") encode(piece, ids);
    });
  }

  /** Ids of a text, appended to `ids`; `addedTokens` tells whether they are looked for. */
  encode(text: string, addedTokens: boolean, ids: number[]): void {
    // Python cannot encode half a surrogate pair; here it is what a text decoder would have made of it, U+FFFD.
    const whole = text.isWellFormed() ? text : text.toWellFormed();
    if (!addedTokens || this.#verbatim.size === 0) {
      if (whole !== "") this.#encodeBetween(whole, addedTokens, true, ids);
      return;
    }
    for (const { id, from, to } of this.#verbatim.split(whole)) {
      if (id === null) this.#encodeBetween(whole.slice(from, to), addedTokens, from === 0, ids);
      else ids.push(id);
    }
  }

  #encodeBetween(text: string, addedTokens: boolean, isFirst: boolean, ids: number[]): void {
    const normalised = this.#normalize === null ? text : this.#normalize(text);
    if (!addedTokens || this.#normalised.size === 0) {
      if (normalised !== "") this.#encodePieces(normalised, isFirst && this.#keepsBegin(text), ids);
      return;
    }
    for (const { id, from, to } of this.#normalised.split(normalised)) {
      const first = isFirst && from === 0 && this.#keepsBegin(text);
      if (id === null) this.#encodePieces(normalised.slice(from, to), first, ids);
      else ids.push(id);
    }
  }

  #encodePieces(text: string, isFirst: boolean, ids: number[]): void {
    for (const piece of run(this.#cuts, text, isFirst)) this.#words.encode(piece, ids);
  }

  // Where normalising removes the beginning of a text, what is left does not begin it: so counts the Rust library.
  #keepsBegin(text: string): boolean {
    return this.#normalize === null || this.#normalize(String.fromCodePoint(text.codePointAt(0)!)) !== "";
  }
}

function run(steps: readonly PreStep[], text: string, isFirst: boolean): readonly string[] {
  let pieces: readonly string[] = [text];
  for (const step of steps) {
    if (step.kind !== "cut") pieces = pieces.map((piece, i) => step.apply(piece, isFirst && i === 0));
    else if (pieces.length === 1) pieces = step.apply(pieces[0]!);
    else {
      const cut: string[] = [];
      for (const piece of pieces) for (const part of step.apply(piece)) cut.push(part);
      pieces = cut;
    }
  }
  return pieces;
}

/**
 * The first of the steps that are done for each word once: those after the last cut, or earlier where bytes are spelled
 * out between two cuts, so that the cache is asked for words as they stand in the text.
 */
function firstPerWord(steps: readonly PreStep[]): number {
  const place = steps.findLastIndex(({ kind }) => kind === "begin");
  const first = steps.findIndex(({ kind }, i) => i > place && kind === "cut");
  const changed = steps.findIndex(({ kind }, i) => i > first && kind === "map");
  const lastCut = steps.findLastIndex(({ kind }) => kind === "cut");
  return first < 0 ? steps.length : changed < 0 ? lastCut + 1 : Math.min(changed, lastCut + 1);
}

interface EncodePieces {
  /** Cuts that change nothing but let words be remembered. */
  cut: PreStep[];
  encode(piece: string, ids: number[]): void;
}

function createModel(
  json: TokenizerJson,
  ids: ReadonlyMap<string, number>,
  mayCut: boolean,
  where: string,
): EncodePieces {
  if (json.model.type === "Unigram") {
    const model = createUnigram(json.model, where);
    return { cut: [], encode: (piece, ids) => model.encode(piece, ids) };
  }
  const model = createBpe(json.model, ids, where);
  const words = mayCut && json.model.ignore_merges !== true ? independentWords(json, model) : null;
  if (words === null) return { cut: [], encode: (piece, ids) => model.encode(piece, ids) };
  const apply = (text: string) => text.match(words) ?? [];
  return { cut: [{ kind: "cut", apply }], encode: (piece, ids) => model.encodeParts(piece, ids) };
}

/**
 * Words that text falls into where no pre-tokeniser cuts it: no merge joins what ends in another character to what
 * begins with a space (▁ or " "), so a space after another character is never joined to it. Null where merges do.
 */
function independentWords({ model }: TokenizerJson, bpe: Bpe): RegExp | null {
  if (model.type !== "BPE") return null;
  // Unknown characters are joined into one: the space between them must be known.
  const merges = model.merges.map(mergeParts);
  const spaces = ["▁", " "].filter((space) => bpe.idOf(space) !== undefined);
  const free = spaces.filter((space) =>
    merges.every(([left, right]) => left!.endsWith(space) || !right!.startsWith(space)),
  );
  // Where nothing is joined to a line break but line breaks, lines are independent too.
  const lines =
    (bpe.idOf("\n") !== undefined || bpe.hasAllBytes) &&
    merges.every(([left, right]) => left!.endsWith("\n") === right!.startsWith("\n"));
  if (free.length === 0) return null;
  const space = free.map((char) => (char === " " ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`)).join("");
  return lines
    ? new RegExp(`\\n+|[${space}]*[^${space}\\n]+|[${space}]+`, "gu")
    : new RegExp(`[${space}]*[^${space}]+|[${space}]+`, "gu");
}
