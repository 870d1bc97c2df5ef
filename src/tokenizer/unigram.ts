// A unigram language model of pieces: the cut of a text whose pieces' log probabilities sum to the most (Kudo 2018,
// arXiv 1804.10959, section 3.2), found place by place with a trie. Linear in the text.
import { invalidFile } from "../errors.ts";
import type { Model } from "./bpe.ts";
import type { UnigramJson } from "./format.ts";
import { Trie } from "./trie.ts";

/** What a character without a piece costs, below the least probable piece. */
export const unknownPenalty = 10;

/** The model of a validated file. @throws HandheldError `invalid-file`; `where` prefixes it */
export function createUnigram(json: UnigramJson, where: string): Unigram {
  if (json.vocab.length === 0) throw invalidFile(where, "model.vocab is empty");
  return new Unigram(json);
}

/** Pieces with scores. */
export class Unigram implements Model {
  readonly #scores: Float64Array;
  readonly #trie: Trie;
  readonly #unknown: number | null;
  readonly #unknownScore: number;
  readonly #bytes: readonly (number | undefined)[] | null;
  readonly #ids = new Map<string, number>();
  readonly #round: (sum: number) => number;
  /** Best sum, piece and begin of the way to each place; kept between calls. */
  #sums = new Float64Array(0);
  #pieces = new Int32Array(0);
  #begins = new Int32Array(0);

  constructor(json: UnigramJson) {
    const { vocab, unk_id = null, byte_fallback, float32, hidden = [], unknown_score } = json;
    this.#round = float32 === true ? Math.fround : (sum) => sum;
    this.#scores = Float64Array.from(vocab, ([, score]) => score);
    vocab.forEach(([piece], id) => {
      this.#ids.set(piece, id);
    });
    const apart = new Set(hidden);
    const shown = [...this.#ids].filter(([piece, id]) => piece !== "" && !apart.has(id));
    this.#trie = new Trie(shown);
    this.#unknownScore = this.#round(unknown_score ?? least(this.#scores) - unknownPenalty);
    this.#unknown = unk_id;
    const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    this.#bytes = byte_fallback ? Array.from({ length: 256 }, (_, byte) => this.#ids.get(byteName(byte))) : null;
    for (const id of hidden) this.#ids.delete(vocab[id]?.[0] ?? "");
  }

  encode(text: string, ids: number[]): void {
    this.#findWays(text);
    const found: number[] = [];
    let unknownEnd = -1; // where a run of unknown characters ends, from behind
    for (let end = text.length; end > 0; ) {
      const begin = this.#begins[end]!;
      const piece = this.#pieces[end]!;
      const isUnknown = piece === -1 || piece === this.#unknown;
      if (isUnknown && unknownEnd < 0) unknownEnd = end;
      if (!isUnknown) found.push(piece);
      if (isUnknown && (begin === 0 || !this.#isUnknownAt(begin))) {
        found.push(...this.#spell(text.slice(begin, unknownEnd)).reverse());
        unknownEnd = -1;
      }
      end = begin;
    }
    for (let i = found.length - 1; i >= 0; i--) ids.push(found[i]!);
  }

  #isUnknownAt(end: number): boolean {
    return this.#pieces[end] === -1 || this.#pieces[end] === this.#unknown;
  }

  // A run of unknown characters: its bytes, or else the unknown token, once.
  #spell(run: string): number[] {
    const known = this.#ids.get(run);
    if (known !== undefined) return [known];
    const bytes = this.#bytes === null ? [] : Array.from(new TextEncoder().encode(run), (byte) => this.#bytes![byte]);
    if (bytes.length > 0 && bytes.every((id) => id !== undefined)) return bytes as number[];
    return this.#unknown === null ? [] : [this.#unknown];
  }

  // The best way to each place, from its begin.
  #findWays(text: string): void {
    this.#reserve(text.length + 1);
    const [sums, pieces, begins] = [this.#sums, this.#pieces, this.#begins];
    begins.fill(-1, 0, text.length + 1);
    sums[0] = 0;
    const offer = (begin: number, end: number, piece: number, score: number) => {
      const sum = this.#round(score + sums[begin]!);
      if (begins[end] !== -1 && !(sum > sums[end]!)) return;
      sums[end] = sum;
      pieces[end] = piece;
      begins[end] = begin;
    };
    for (let begin = 0; begin < text.length; ) {
      const unit = text.charCodeAt(begin);
      const isPair = (unit & 0xfc00) === 0xd800 && (text.charCodeAt(begin + 1) & 0xfc00) === 0xdc00;
      const afterCharacter = begin + (isPair ? 2 : 1);
      let hasCharacter = false;
      let node = 0;
      for (let end = begin; end < text.length; ) {
        const place = this.#trie.find(node, text.charCodeAt(end++));
        if (place < 0) break;
        node = this.#trie.next(place);
        const piece = this.#trie.value(place);
        if (piece < 0) continue;
        offer(begin, end, piece, this.#scores[piece]!);
        hasCharacter ||= end === afterCharacter;
      }
      if (!hasCharacter) offer(begin, afterCharacter, -1, this.#unknownScore);
      begin = afterCharacter;
    }
  }

  #reserve(places: number): void {
    if (places <= this.#sums.length) return;
    this.#sums = new Float64Array(2 * places);
    this.#pieces = new Int32Array(2 * places);
    this.#begins = new Int32Array(2 * places);
  }
}

function least(scores: Iterable<number>): number {
  let min = Infinity;
  for (const score of scores) min = Math.min(min, score);
  return min === Infinity ? 0 : min;
}
