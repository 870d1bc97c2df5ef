// Crossing: a phrasing that begins as one and goes on, behind a slot that both have, as another of the same family.
// "remind me at {time} to {task}" × "wake me up at {time} {days}" = "remind me at {time} {days}". Makes many new frames for
// training out of few.

import type { Phrasing } from "./phrasing.ts";
import type { Random } from "./random.ts";
import { SLOTS } from "./slots/index.ts";
import { expand, type Part } from "./template.ts";

type Word = Part[];
type Slot = Exclude<Part, string>;

const slotsOf = (words: readonly Word[]): Slot[] => words.flat().filter((part) => typeof part !== "string");
const bindings = (words: readonly Word[]): string =>
  slotsOf(words)
    .map(({ binding }) => binding)
    .sort()
    .join();
const carrierWords = (words: readonly Word[]): number => words.filter((word) => slotsOf([word]).length === 0).length;
const text = (words: readonly Word[]): string =>
  words
    .flat()
    .map((part) => (typeof part === "string" ? part : "{}"))
    .join(" ");

/**
 * Crosses one random expansion of each; undefined when no crossing says as much as one of the two: it must bind the same
 * values as one of them, each once, and have no fewer words of its own than the shorter.
 */
export function cross(a: Phrasing, b: Phrasing, random: Random): Phrasing | undefined {
  const [first, second] = [expand(a.template, random), expand(b.template, random)];
  const complete = new Set([bindings(first), bindings(second)]);
  const fewest = Math.min(carrierWords(first), carrierWords(second));
  const crossed: Word[][] = [];
  first.forEach((word, i) => {
    const slot = slotsOf([word]).at(-1);
    if (slot === undefined) return;
    const at = second.findIndex((other) =>
      slotsOf([other]).some((s) => s.slot === slot.slot && s.binding === slot.binding),
    );
    if (at < 0) return;
    const tail = second.slice(at + 1);
    const words = [...first.slice(0, i + 1), ...tail];
    if (text(words) === text(first)) return;
    if (!complete.has(bindings(words)) || carrierWords(words) < fewest) return;
    if (SLOTS[slot.slot]?.open && tail.length > 0 && !/^[,.;:?!]/.test(text(tail))) return;
    if ((text(words).match(/"/g)?.length ?? 0) % 2 === 1) return;
    crossed.push(words);
  });
  if (crossed.length === 0) return undefined;
  const items = random.pick(crossed).map((parts) => ({ parts }));
  return { ...a, id: `${a.id}×${b.id}`, template: { source: text(items.map(({ parts }) => parts)), items } };
}
