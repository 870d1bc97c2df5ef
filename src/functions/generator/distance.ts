// How different two phrasings are: the least number of word insertions, deletions and substitutions that turns some
// expansion of one template into some expansion of the other, with all slots abstracted to one symbol.

import { type Item, normalWord, type Template } from "./template.ts";

/** A template as an acyclic word automaton; states are numbered so that every edge goes up. */
export interface Lattice {
  /** Per state, targets and words of the outgoing edges; an empty word is a free move. The last state is the end. */
  edges: { to: number; word: number }[][];
  /** Least number of words from the start to the end, and the greatest. */
  shortest: number;
  longest: number;
}

/** Words as numbers, shared by all lattices, so that comparing them is fast; 0 is the empty word. */
const wordIds = new Map<string, number>([["", 0]]);

function idOf(word: string): number {
  let id = wordIds.get(word);
  if (id === undefined) {
    id = wordIds.size;
    wordIds.set(word, id);
  }
  return id;
}

/** Builds the automaton of a template. */
export function latticeOf(template: Template): Lattice {
  const edges: Lattice["edges"] = [[]];
  const newState = (): number => edges.push([]) - 1;
  const chain = (items: Item[], from: number): number => {
    let state = from;
    for (const item of items) {
      const start = state;
      if ("parts" in item) {
        state = newState();
        edges[start]?.push({ to: state, word: idOf(normalWord(item.parts)) });
      } else {
        const ends = item.alternatives.map((alternative) => chain(alternative, start));
        state = newState();
        for (const end of ends) edges[end]?.push({ to: state, word: 0 });
      }
    }
    return state;
  };
  chain(template.items, 0);
  return { edges, shortest: pathLength(edges, Math.min), longest: pathLength(edges, Math.max) };
}

function pathLength(edges: Lattice["edges"], better: (a: number, b: number) => number): number {
  const length: (number | undefined)[] = [0];
  edges.forEach((outgoing, from) => {
    for (const { to, word } of outgoing) {
      const candidate = (length[from] as number) + (word === 0 ? 0 : 1);
      length[to] = length[to] === undefined ? candidate : better(length[to], candidate);
    }
  });
  return length.at(-1) as number;
}

let scratch = new Uint8Array(4096);

/**
 * Word edit distance between the nearest expansions of two templates. With `atMost`, answers at or above it may be
 * any number at or above it, and come faster.
 */
export function phrasingDistance(a: Lattice, b: Lattice, atMost = 200): number {
  const gap = Math.max(a.shortest - b.longest, b.shortest - a.longest);
  if (gap >= atMost) return gap;
  const width = b.edges.length;
  const size = a.edges.length * width;
  if (scratch.length < size) scratch = new Uint8Array(size);
  const cost = scratch.fill(255, 0, size);
  cost[0] = 0;
  const relax = (index: number, value: number): void => {
    if (value < (cost[index] as number)) cost[index] = value;
  };
  for (let i = 0; i < a.edges.length; i++) {
    const fromA = a.edges[i] as Lattice["edges"][number];
    for (let j = 0; j < width; j++) {
      const here = cost[i * width + j] as number;
      if (here >= atMost) continue;
      const fromB = b.edges[j] as Lattice["edges"][number];
      for (const edge of fromA) relax(edge.to * width + j, here + (edge.word === 0 ? 0 : 1));
      for (const edge of fromB) relax(i * width + edge.to, here + (edge.word === 0 ? 0 : 1));
      for (const left of fromA) {
        if (left.word === 0) continue;
        for (const right of fromB) {
          if (right.word === 0) continue;
          relax(left.to * width + right.to, here + (left.word === right.word ? 0 : 1));
        }
      }
    }
  }
  return cost[size - 1] as number;
}
