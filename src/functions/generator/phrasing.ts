// The phrasings of all families, parsed, each with its id, its word automaton and its neighbours: the phrasings of a
// shared function that are less than three words' edit distance away. Built once; a seed only decides the split.

import { type Lattice, latticeOf, phrasingDistance } from "./distance.ts";
import { FAMILIES, type Family } from "./phrasings/index.ts";
import { parseTemplate, type Template, vocabulary } from "./template.ts";

/** Phrasings in different splits differ by at least this many words, slots abstracted, in their nearest expansions. */
export const MINIMUM_DISTANCE = 3;

export interface Phrasing {
  /** `family/index`. */
  id: string;
  family: Family;
  imperative: boolean;
  template: Template;
  lattice: Lattice;
  words: Set<string>;
}

let cache: { phrasings: Phrasing[]; neighbours: number[][] } | undefined;

/** All phrasings with, for each, the indices of its neighbours. */
export function allPhrasings(): { phrasings: Phrasing[]; neighbours: number[][] } {
  cache ??= build();
  return cache;
}

function build(): { phrasings: Phrasing[]; neighbours: number[][] } {
  const phrasings = FAMILIES.flatMap((family) =>
    [...family.imperative, ...family.other].map((source, index): Phrasing => {
      const template = parseTemplate(source);
      const imperative = index < family.imperative.length;
      const id = `${family.name}/${index}`;
      return { id, family, imperative, template, lattice: latticeOf(template), words: vocabulary(template) };
    }),
  );
  return { phrasings, neighbours: neighboursOf(phrasings) };
}

/** True when the families of two phrasings call at least one function in common. */
export function shareFunction(a: Family, b: Family): boolean {
  return a === b || a.calls.some((call) => b.calls.some((other) => other.name === call.name));
}

function neighboursOf(phrasings: Phrasing[]): number[][] {
  const neighbours: number[][] = phrasings.map(() => []);
  const members = Map.groupBy(phrasings.keys(), (i) => (phrasings[i] as Phrasing).family);
  for (const [family, own] of members) {
    const related = [...members].filter(([other]) => shareFunction(family, other)).flatMap(([, list]) => list);
    for (const i of own) {
      for (const j of related) {
        if (j <= i || !near(phrasings[i] as Phrasing, phrasings[j] as Phrasing)) continue;
        neighbours[i]?.push(j);
        neighbours[j]?.push(i);
      }
    }
  }
  return neighbours;
}

const near = (a: Phrasing, b: Phrasing): boolean =>
  phrasingDistance(a.lattice, b.lattice, MINIMUM_DISTANCE) < MINIMUM_DISTANCE;
