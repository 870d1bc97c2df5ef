// Builds tokenizer.json from what other formats hold: GPT-2's vocabulary and merges, SentencePiece's pieces and scores.
import { HandheldError, invalidFile, quoteName } from "../errors.ts";
import type { AddedTokenJson } from "./format.ts";
import { unknownPenalty } from "./unigram.ts";

/** What {@link createTokenizer} takes. */
export interface TokenizerFiles {
  json: Record<string, unknown>;
  config: Record<string, unknown>;
}

/** Kinds of SentencePiece's pieces, by the numbers of its file format (and of GGUF). */
export const pieceKinds = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** A vocabulary of SentencePiece, and how it treats text. */
export interface PieceModel {
  type: "bpe" | "unigram";
  /** Pieces by id. A score is a float of 32 bits; the kind is one of {@link pieceKinds}. */
  pieces: readonly { piece: string; score: number; kind: number }[];
  /** Characters without a piece are spelled by their bytes. */
  byteFallback: boolean;
  /** A space is put before each text. */
  dummyPrefix: boolean;
  /** Runs of spaces are one, and there is none at either end. */
  removeExtraSpaces: boolean;
  /** Replacements (charsmap.ts) in base64; empty where text stays as it is. */
  charsmap: string;
}

/** Longest piece that is cut in two in search of merges: all pairs of its parts are tried. */
const longestPiece = 512;

/** An added token that is found as it is spelled. */
export function plainAddedToken(id: number, content: string, special: boolean): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/**
 * Normaliser, model and decoder of a SentencePiece vocabulary, and its added tokens: those for control, the unknown one, and
 * symbols that its user defined.
 *
 * @throws HandheldError `invalid-file`, or `unsupported` for very long pieces; `where` prefixes it
 */
export function assemblePieces(model: PieceModel, where: string): Record<string, unknown> {
  const { pieces, dummyPrefix, byteFallback, type } = model;
  const unknown = pieces.findIndex(({ kind }) => kind === pieceKinds.unknown);
  const added = pieces.flatMap(({ piece, kind }, id) => {
    const isSymbol = kind === pieceKinds.userDefined;
    if (kind !== pieceKinds.control && kind !== pieceKinds.unknown && !(isSymbol && type === "bpe")) return [];
    if (piece === "") throw invalidFile(where, `token ${id} is special and empty`);
    const token = plainAddedToken(id, piece, !isSymbol);
    return [isSymbol ? { ...token, symbol: true } : token];
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: "Sequence", normalizers: normalizersOf(model) },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(dummyPrefix || model.removeExtraSpaces ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model:
      type === "unigram"
        ? unigramModel(model, unknown)
        : bpeModel({
            vocab: uniqueIds(
              pieces.map(({ piece }) => piece),
              where,
            ),
            merges: mergesByScore(model, where),
            unk_token: unknown < 0 ? null : pieces[unknown]!.piece,
            fuse_unk: true,
            byte_fallback: byteFallback,
            leftmost: true,
          }),
  };
}

/** What a symbol of the user scores, so that it is taken wherever it stands: measured in sentencepiece 0.2.3. */
const symbolScore = (symbol: string) => Math.fround(0.1 * ([...symbol].length - 1));

// Other pieces than normal ones and symbols are not found in text.
function unigramModel({ pieces, byteFallback }: PieceModel, unknown: number): Record<string, unknown> {
  const least = pieces.reduce((min, { score, kind }) => (kind === pieceKinds.normal ? Math.min(min, score) : min), 0);
  const isFound = (kind: number) => kind === pieceKinds.normal || kind === pieceKinds.userDefined;
  return {
    type: "Unigram",
    unk_id: unknown < 0 ? null : unknown,
    vocab: pieces.map(({ piece, score, kind }) => [
      piece,
      kind === pieceKinds.userDefined ? symbolScore(piece) : score,
    ]),
    byte_fallback: byteFallback,
    float32: true,
    hidden: pieces.flatMap(({ kind }, id) => (isFound(kind) ? [] : [id])),
    unknown_score: least - unknownPenalty,
  };
}

function normalizersOf({ charsmap, removeExtraSpaces, dummyPrefix, pieces }: PieceModel): Record<string, unknown>[] {
  const replace = (pattern: Record<string, string>, content: string) => ({ type: "Replace", pattern, content });
  const keep = pieces.filter(({ kind }) => kind === pieceKinds.userDefined).map(({ piece }) => piece);
  return [
    ...(charsmap === "" ? [] : [{ type: "Precompiled", precompiled_charsmap: charsmap, longest: true, keep }]),
    ...(removeExtraSpaces
      ? [
          replace({ Regex: " {2,}" }, " "),
          replace({ Regex: "\\A " }, ""),
          // It takes the sign for a space along, even one that the text has.
          replace({ Regex: "(?<![ ▁])[ ▁]+\\z" }, ""),
        ]
      : []),
    ...(dummyPrefix ? [{ type: "Prepend", prepend: "▁" }] : []),
    replace({ String: " " }, "▁"),
  ];
}

/**
 * The pairs of pieces that make a third, the best score first: SentencePiece joins what scores highest, as BPE joins what
 * comes first in its list. Among equal scores longer first halves come first, as transformers' converter has them.
 */
export function mergesByScore({ pieces }: Pick<PieceModel, "pieces">, where: string): [string, string][] {
  const joinable = ({ kind }: { kind: number }) => kind === pieceKinds.normal;
  const ids = new Map(pieces.flatMap((entry, id) => (joinable(entry) ? [[entry.piece, id] as const] : [])));
  const merges: { left: string; right: string; score: number; cut: number; leftId: number; rightId: number }[] = [];
  for (const [token, id] of ids) {
    if (token.length > longestPiece) {
      throw new HandheldError("unsupported", `${where}: the token ${quoteName(token)} is too long`);
    }
    for (let at = 1; at < token.length; at++) {
      const leftId = isLowSurrogate(token, at) ? undefined : ids.get(token.slice(0, at));
      const rightId = leftId === undefined ? undefined : ids.get(token.slice(at));
      if (leftId === undefined || rightId === undefined) continue;
      const [left, right] = [token.slice(0, at), token.slice(at)];
      merges.push({ left, right, score: pieces[id]!.score, cut: [...left].length, leftId, rightId });
    }
  }
  const rightLength = ({ right }: { right: string }) => [...right].length;
  merges.sort(
    (a, b) =>
      b.score - a.score ||
      b.cut - a.cut ||
      rightLength(b) - rightLength(a) ||
      a.leftId - b.leftId ||
      a.rightId - b.rightId,
  );
  return merges.map(({ left, right }) => [left, right]);
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** A model of kind BPE; what `parts` leave out is off. */
export function bpeModel(parts: Record<string, unknown>): Record<string, unknown> {
  const plain = { dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null };
  return { type: "BPE", ...plain, fuse_unk: false, byte_fallback: false, ignore_merges: false, ...parts };
}

/** Pre-tokeniser and decoder of byte-level BPE; `cuts` are the steps before bytes are spelled. */
export function byteLevelSteps(cuts: readonly unknown[]): Record<string, unknown> {
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...cuts, bytes] },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
}

/** Tokens → their places. @throws HandheldError `invalid-file` where one is there twice */
export function uniqueIds(
  tokens: readonly string[],
  where: string,
  keep: (id: number) => boolean = () => true,
): Record<string, number> {
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (!keep(id)) return;
    const other = ids.get(token);
    if (other !== undefined) throw invalidFile(where, `tokens ${other} and ${id} are both ${quoteName(token)}`);
    ids.set(token, id);
  });
  return Object.fromEntries(ids);
}

/** A post-processor that puts tokens before and after each text; null where there are none. */
export function frameStep(
  before: readonly [token: string, id: number][],
  after: readonly [token: string, id: number][],
): Record<string, unknown> | null {
  if (before.length + after.length === 0) return null;
  const special = ([id]: readonly [string, number]) => ({ SpecialToken: { id, type_id: 0 } });
  const around = (name: string, type_id: number) => [
    ...before.map(special),
    { Sequence: { id: name, type_id } },
    ...after.map(special),
  ];
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...after].map(([id, number]) => [id, { id, ids: [number], tokens: [id] }]),
    ),
  };
}
