import { describe, expect, it } from "vitest";
import { latticeOf, phrasingDistance } from "./distance.ts";
import { allPhrasings, MINIMUM_DISTANCE, type Phrasing, shareFunction } from "./phrasing.ts";
import { FAMILIES } from "./phrasings/index.ts";
import { Random } from "./random.ts";
import { SLOTS } from "./slots/index.ts";
import { splitPhrasings } from "./split.ts";
import { expand, parseTemplate, vocabulary } from "./template.ts";

const distance = (a: string, b: string): number =>
  phrasingDistance(latticeOf(parseTemplate(a)), latticeOf(parseTemplate(b)));

describe("phrasingDistance", () => {
  it.each([
    ["wake me up at {time}", "wake me up at {time}", 0],
    ["wake me up at {time}", "wake me (up|) at {time}", 0],
    ["call {name}", "phone {phone}", 1],
    ["set (an|the) alarm", "start a timer (now|)", 3],
    ["(a b c|x)", "x y", 1],
    ["show {name}'s card.", "Show the {name:other} card", 1],
    ["", "one two", 2],
  ])("of %j and %j is %i", (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
    expect(distance(b, a)).toBe(expected);
  });

  it("equals the least edit distance over all pairs of expansions", () => {
    const random = new Random(5);
    const { phrasings } = allPhrasings();
    for (let i = 0; i < 40; i++) {
      const [a, b] = [random.pick(phrasings), random.pick(phrasings)];
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < 300; j++)
        least = Math.min(least, plainDistance(oneExpansion(a, random), oneExpansion(b, random)));
      expect(phrasingDistance(a.lattice, b.lattice), `${a.template.source} | ${b.template.source}`).toBe(least);
    }
  });
});

describe("splitPhrasings", () => {
  const shares = { validation: 0.1, test: 0.1 };
  it.each([1, 2, 3])(
    "keeps held-out phrasings at least three words from training ones of the same function (seed %i)",
    (seed) => {
      const { train, validation, test } = splitPhrasings(seed, shares);
      for (const held of [...test, ...validation]) {
        for (const seen of train) {
          if (!shareFunction(held.family, seen.family)) continue;
          const words = phrasingDistance(held.lattice, seen.lattice, MINIMUM_DISTANCE);
          expect(words, `${held.template.source} | ${seen.template.source}`).toBeGreaterThanOrEqual(MINIMUM_DISTANCE);
        }
      }
    },
  );

  it.each([1, 2, 3])("gives every family phrasings in all splits, about 80/10/10 (seed %i)", (seed) => {
    const split = splitPhrasings(seed, shares);
    for (const name of ["train", "validation", "test"] as const) {
      const families = new Set(split[name].map((p) => p.family.name));
      expect(
        FAMILIES.filter((f) => !families.has(f.name)).map((f) => f.name),
        name,
      ).toEqual([]);
    }
    const total = allPhrasings().phrasings.length;
    expect(split.train.length + split.validation.length + split.test.length).toBe(total);
    expect(split.test.length / total).toBeGreaterThan(0.08);
    expect(split.test.length / total).toBeLessThan(0.15);
  });

  it("holds out few words that training never sees", () => {
    const { train, test } = splitPhrasings(1, shares);
    const known = new Set(train.flatMap((p) => [...p.words]));
    const unknown = new Set(test.flatMap((p) => [...p.words]).filter((word) => !known.has(word)));
    expect(unknown.size).toBeLessThan(10);
  });
});

describe("families", () => {
  it("have distinct names and distinct phrasings", () => {
    expect(new Set(FAMILIES.map((f) => f.name)).size).toBe(FAMILIES.length);
    for (const family of FAMILIES) {
      const sources = [...family.imperative, ...family.other];
      expect(new Set(sources).size, family.name).toBe(sources.length);
    }
  });

  it("bind only slots that exist and that their calls use", () => {
    for (const { family, template } of allPhrasings().phrasings) {
      const used = JSON.stringify(family.calls).matchAll(/"\$([a-z_0-9]+)/g);
      const names = new Set([...used].map((m) => m[1]));
      for (const [, slot, binding] of template.source.matchAll(/\{([a-z_0-9]+)(?::([a-z_0-9]+))?\}/g)) {
        expect(SLOTS, template.source).toHaveProperty(slot as string);
        expect([...names], template.source).toContain(binding ?? slot);
      }
    }
  });
});

describe("parseTemplate", () => {
  it.each([
    ["a (b", /not closed/],
    ["a) b", /outside a group/],
    ["say {name", /is not \{slot\}/],
    ["say name}", /no partner/],
    ["say {Name!}", /is not \{slot\}/],
  ])("rejects %j", (source, message) => {
    expect(() => parseTemplate(source)).toThrow(message);
  });

  it("lists the words outside slots", () => {
    expect([...vocabulary(parseTemplate("call (my|) {name}, Now"))]).toEqual(["call", "my", "now"]);
  });
});

function oneExpansion(phrasing: Phrasing, random: Random): string[] {
  return expand(phrasing.template, random)
    .map((word) => (word.some((part) => typeof part !== "string") ? "{}" : word.join("").toLowerCase()))
    .map((word) => (word === "{}" ? word : word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")))
    .filter((word) => word !== "");
}

function plainDistance(a: string[], b: string[]): number {
  let row = b.map((_, j) => j + 1);
  a.forEach((word, i) => {
    let diagonal = i;
    let left = i + 1;
    row = row.map((up, j) => {
      const best = Math.min(left + 1, up + 1, diagonal + (word === b[j] ? 0 : 1));
      diagonal = up;
      left = best;
      return best;
    });
  });
  return b.length === 0 ? a.length : (row.at(-1) as number);
}
