// Strings with a number each, found at a place in text by going from unit to unit.
import { PairTable } from "./pair-table.ts";

/** A trie over UTF-16 units. Begin at node 0; {@link find} gives a place, which has the next node and perhaps a value. */
export class Trie {
  // The right half of a pair is a unit, what it becomes the next node, its rank the value plus 1, 0 for none.
  readonly #table: PairTable;

  /** Of entries with the same string the last one stays. Values are whole numbers from 0. */
  constructor(entries: readonly (readonly [text: string, value: number])[]) {
    this.#table = new PairTable(entries.reduce((sum, [text]) => sum + text.length, 0));
    let nodes = 1;
    for (const [text, value] of entries) {
      let node = 0;
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        const place = this.#table.find(node, unit);
        const next = place < 0 ? nodes++ : this.#table.joined(place);
        if (i === text.length - 1) this.#table.set(node, unit, value + 1, next);
        else if (place < 0) this.#table.set(node, unit, 0, next);
        node = next;
      }
    }
  }

  /** The place of a unit after a node; -1 where no string goes on so. */
  find(node: number, unit: number): number {
    return this.#table.find(node, unit);
  }

  /** The node after a place. */
  next(place: number): number {
    return this.#table.joined(place);
  }

  /** The value of the string that ends at a place; -1 where none does. */
  value(place: number): number {
    return this.#table.rank(place) - 1;
  }
}
