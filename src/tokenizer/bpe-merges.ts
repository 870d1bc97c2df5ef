// The inner loop of BPE training: which pair to join next, over counted words. Knows ids and counts, not text.
//
// Words lie one after the other in flat arrays as linked lists of symbols. Each pair knows its count and the places it
// was seen; a heap yields the most frequent pair. Heap entries and places may be stale and are checked when used.

/** One learned merge: the symbols `left` and `right` become `id`. */
export interface Merge {
  left: number;
  right: number;
  id: number;
}

/** Words to learn from: the symbols of all, end to end. Word w is `symbols[starts[w] .. starts[w + 1])`, seen `counts[w]` times. */
export interface CountedWords {
  symbols: Int32Array;
  starts: Int32Array;
  counts: Float64Array;
}

/**
 * Learns merges, most frequent pair first, ties to the lowest left and then right id (as Python's `tokenizers` does).
 *
 * @param nameMerge gives the id of a joined pair, null to forbid it, or "stop" when the vocabulary is full.
 * @param minCount stop when the best pair is seen less often than this.
 */
export function learnMerges(
  words: CountedWords,
  nameMerge: (left: number, right: number) => number | null | "stop",
  minCount: number,
): Merge[] {
  const text = linkWords(words);
  const pairs = new PairTable();
  countPairs(text, pairs);
  const heap = new PairHeap(pairs);
  for (let pair = 0; pair < pairs.size; pair++) heap.push(pair);
  const merges: Merge[] = [];
  for (let pair = heap.pop(minCount); pair !== -1; pair = heap.pop(minCount)) {
    const left = pairs.left[pair]!;
    const right = pairs.right[pair]!;
    const id = nameMerge(left, right);
    if (id === "stop") break;
    if (id !== null) {
      merges.push({ left, right, id });
      for (const changed of joinPair(text, pairs, pair, id)) heap.push(changed);
    }
    pairs.count[pair] = 0;
    pairs.places[pair] = [];
  }
  return merges;
}

interface LinkedText {
  /** Symbol at each place, -1 where it was joined to the one before. */
  symbol: Int32Array;
  /** Next and previous place of the same word, -1 at its ends. */
  next: Int32Array;
  previous: Int32Array;
  /** How often the word of the place occurs. */
  weight: Float64Array;
}

function linkWords({ symbols, starts, counts }: CountedWords): LinkedText {
  const n = symbols.length;
  const text = {
    symbol: symbols.slice(),
    next: new Int32Array(n),
    previous: new Int32Array(n),
    weight: new Float64Array(n),
  };
  for (let word = 0; word < counts.length; word++) {
    const start = starts[word]!;
    const end = starts[word + 1]!;
    for (let place = start; place < end; place++) {
      text.previous[place] = place === start ? -1 : place - 1;
      text.next[place] = place === end - 1 ? -1 : place + 1;
      text.weight[place] = counts[word]!;
    }
  }
  return text;
}

function countPairs(text: LinkedText, pairs: PairTable): void {
  for (let place = 0; place < text.symbol.length; place++) {
    const next = text.next[place]!;
    if (next !== -1) pairs.add(text.symbol[place]!, text.symbol[next]!, text.weight[place]!, place);
  }
}

// Joins every occurrence of a pair and returns the pairs whose count grew.
function joinPair(text: LinkedText, pairs: PairTable, pair: number, id: number): Set<number> {
  const { symbol, next, previous, weight } = text;
  const left = pairs.left[pair]!;
  const right = pairs.right[pair]!;
  const places = pairs.places[pair]!;
  if (left === right) places.sort((a, b) => a - b); // "aaa" joins from its start
  const grown = new Set<number>();
  for (const place of places) {
    const second = next[place]!;
    if (symbol[place] !== left || second === -1 || symbol[second] !== right) continue;
    const before = previous[place]!;
    const after = next[second]!;
    const times = weight[place]!;
    if (before !== -1) {
      pairs.subtract(symbol[before]!, left, times);
      grown.add(pairs.add(symbol[before]!, id, times, before));
    }
    if (after !== -1) {
      pairs.subtract(right, symbol[after]!, times);
      grown.add(pairs.add(id, symbol[after]!, times, place));
      previous[after] = place;
    }
    symbol[place] = id;
    symbol[second] = -1;
    next[place] = after;
  }
  return grown;
}

class PairTable {
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly count: number[] = [];
  readonly places: number[][] = [];
  private readonly byLeft: Map<number, number>[] = [];

  get size(): number {
    return this.left.length;
  }

  /** Counts `times` more of a pair at `place`; returns the pair's index. */
  add(left: number, right: number, times: number, place: number): number {
    const row = (this.byLeft[left] ??= new Map());
    let pair = row.get(right);
    if (pair === undefined) {
      pair = this.left.length;
      row.set(right, pair);
      this.left.push(left);
      this.right.push(right);
      this.count.push(0);
      this.places.push([]);
    }
    this.count[pair] = this.count[pair]! + times;
    this.places[pair]!.push(place);
    return pair;
  }

  subtract(left: number, right: number, times: number): void {
    const pair = this.byLeft[left]?.get(right);
    if (pair !== undefined) this.count[pair] = this.count[pair]! - times;
  }
}

// Binary heap of pairs, largest count first. An entry remembers the count it was pushed with; it is stale when the pair's differs.
class PairHeap {
  private readonly pairs: PairTable;
  private readonly items: number[] = [];
  private readonly counts: number[] = [];

  constructor(pairs: PairTable) {
    this.pairs = pairs;
  }

  push(pair: number): void {
    const count = this.pairs.count[pair]!;
    let at = this.items.length;
    this.items.push(pair);
    this.counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.precedes(pair, count, this.items[parent]!, this.counts[parent]!)) break;
      this.set(at, this.items[parent]!, this.counts[parent]!);
      at = parent;
    }
    this.set(at, pair, count);
  }

  /** Removes and returns the most frequent pair, or -1 when it is seen less than `minCount` times. */
  pop(minCount: number): number {
    while (this.items.length > 0) {
      const pair = this.items[0]!;
      const pushed = this.counts[0]!;
      if (pushed < minCount) return -1;
      this.removeTop();
      const count = this.pairs.count[pair]!;
      if (pushed === count) return pair;
      if (count >= minCount && count < pushed) this.push(pair);
    }
    return -1;
  }

  private removeTop(): void {
    const pair = this.items.pop()!;
    const count = this.counts.pop()!;
    const size = this.items.length;
    if (size === 0) return;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      const other = child + 1;
      if (
        other < size &&
        this.precedes(this.items[other]!, this.counts[other]!, this.items[child]!, this.counts[child]!)
      ) {
        child = other;
      }
      if (!this.precedes(this.items[child]!, this.counts[child]!, pair, count)) break;
      this.set(at, this.items[child]!, this.counts[child]!);
      at = child;
    }
    this.set(at, pair, count);
  }

  private set(at: number, pair: number, count: number): void {
    this.items[at] = pair;
    this.counts[at] = count;
  }

  private precedes(a: number, countA: number, b: number, countB: number): boolean {
    if (countA !== countB) return countA > countB;
    const { left, right } = this.pairs;
    return left[a]! !== left[b]! ? left[a]! < left[b]! : right[a]! < right[b]!;
  }
}
