// Splits by phrasing. Phrasings that are near each other (phrasing.ts) form groups that stay on one side, so every
// test phrasing is at least three words away from all training phrasings of its functions. Held-out phrasings are new
// constructions of known vocabulary: groups whose every word also occurs in a training phrasing go first.

import { allPhrasings, type Phrasing } from "./phrasing.ts";
import type { Family } from "./phrasings/index.ts";
import { Random } from "./random.ts";

export type SplitName = "train" | "validation" | "test";

/** Groups of more phrasings than this stay in training: they are the common ways to say a thing. */
const LARGEST_HELD_OUT_GROUP = 3;

/** Phrasings of each split. */
export interface PhrasingSplit {
  train: Phrasing[];
  validation: Phrasing[];
  test: Phrasing[];
}

/** Assigns every phrasing to a split; each family has phrasings in all three. Deterministic by seed. */
export function splitPhrasings(seed: number, shares: { validation: number; test: number }): PhrasingSplit {
  const { phrasings, neighbours } = allPhrasings();
  const groups = groupsOf(neighbours);
  const assigned: SplitName[] = phrasings.map(() => "train");
  const random = new Random(seed ^ 0x5b11);
  const wordCounts = countWords(phrasings);
  const members = Map.groupBy(phrasings.keys(), (i) => (phrasings[i] as Phrasing).family);
  for (const family of random.shuffle([...members.keys()])) {
    for (const split of ["test", "validation"] as const) {
      holdOut({ family, split, share: shares[split], phrasings, members, groups, assigned, wordCounts, random });
    }
  }
  const of = (split: SplitName): Phrasing[] => phrasings.filter((_, i) => assigned[i] === split);
  return { train: of("train"), validation: of("validation"), test: of("test") };
}

interface HoldOut {
  family: Family;
  split: "validation" | "test";
  share: number;
  phrasings: Phrasing[];
  /** Indices of the phrasings of each family. */
  members: Map<Family, number[]>;
  groups: number[][];
  assigned: SplitName[];
  wordCounts: Map<string, number>;
  random: Random;
}

/** Moves groups of one family from training to a held-out split until the family has its share there. */
function holdOut(job: HoldOut): void {
  const { family, split, phrasings, assigned, wordCounts, random } = job;
  const own = job.members.get(family) ?? [];
  const wanted = Math.max(1, Math.round(own.length * job.share));
  const held = (): number => own.filter((i) => assigned[i] === split).length;
  const candidates = random
    .shuffle(job.groups)
    .filter((group) => group.some((i) => phrasings[i]?.family === family))
    .filter((group) => group.every((i) => assigned[i] === "train"))
    .filter((group) => group.length <= LARGEST_HELD_OUT_GROUP && leavesTraining(group, job));
  const unknown = (group: number[]): number => unknownWords(group, phrasings, wordCounts);
  while (held() < wanted && candidates.length > 0) {
    let best = 0;
    for (let i = 1; i < candidates.length; i++) {
      if (unknown(candidates[i] as number[]) < unknown(candidates[best] as number[])) best = i;
    }
    const [group] = candidates.splice(best, 1) as [number[]];
    if (!leavesTraining(group, job)) continue;
    for (const i of group) {
      assigned[i] = split;
      for (const word of (phrasings[i] as Phrasing).words) wordCounts.set(word, (wordCounts.get(word) ?? 0) - 1);
    }
  }
}

/** True when every family of the group keeps more than half of its phrasings in training without the group. */
function leavesTraining(group: number[], { phrasings, members, assigned }: HoldOut): boolean {
  return group.every((index) => {
    const siblings = members.get((phrasings[index] as Phrasing).family) ?? [];
    const left = siblings.filter((i) => assigned[i] === "train" && !group.includes(i)).length;
    return left * 2 > siblings.length;
  });
}

/**
 * How little training knows the words of a group: two points for a word that no training phrasing outside the group
 * holds, one for a word that only one of them holds.
 */
function unknownWords(group: number[], phrasings: Phrasing[], wordCounts: Map<string, number>): number {
  const own = new Map<string, number>();
  for (const i of group) for (const word of phrasings[i]?.words ?? []) own.set(word, (own.get(word) ?? 0) + 1);
  let points = 0;
  for (const [word, count] of own) points += Math.max(0, 2 - ((wordCounts.get(word) ?? 0) - count));
  return points;
}

function countWords(phrasings: Phrasing[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { words } of phrasings) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Connected components of the neighbour graph. */
function groupsOf(neighbours: number[][]): number[][] {
  const seen = new Set<number>();
  const groups: number[][] = [];
  for (let start = 0; start < neighbours.length; start++) {
    if (seen.has(start)) continue;
    const group: number[] = [];
    const queue = [start];
    seen.add(start);
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      group.push(i);
      for (const next of neighbours[i] ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        queue.push(next);
      }
    }
    groups.push(group);
  }
  return groups;
}
