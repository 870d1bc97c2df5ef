// Words that were encoded before: text repeats itself, so most words are encoded once.

/** Words kept before the cache starts afresh, and the longest that is kept, in UTF-16 units. */
const most = { words: 100_000, length: 64 } as const;

/** Remembers the ids of words; `encodeWord` is asked once for each, and appends them. */
export class WordCache {
  readonly #encodeWord: (word: string, ids: number[]) => void;
  // One id is kept as itself: most words have one.
  readonly #known = new Map<string, number | readonly number[]>();

  constructor(encodeWord: (word: string, ids: number[]) => void) {
    this.#encodeWord = encodeWord;
  }

  /** Appends the ids of a word. */
  encode(word: string, ids: number[]): void {
    const known = this.#known.get(word);
    if (typeof known === "number") ids.push(known);
    else if (known !== undefined) for (let i = 0; i < known.length; i++) ids.push(known[i]!);
    else if (word.length > most.length) this.#encodeWord(word, ids);
    else this.#learn(word, ids);
  }

  #learn(word: string, ids: number[]): void {
    const own: number[] = [];
    this.#encodeWord(word, own);
    if (this.#known.size >= most.words) this.#known.clear();
    this.#known.set(word, own.length === 1 ? own[0]! : own);
    for (const id of own) ids.push(id);
  }
}
