// Slots are found where the values stand, and varied samples stay consistent: every copied value is in its query.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { augmentOptions, createAugmenter, findSlots } from "./slots.ts";
import { isSpan, spanEdges } from "./spans.ts";
import type { FunctionSchema, Sample } from "./types.ts";

const text = { type: "string", extractive: true } as const;
const functions: FunctionSchema[] = [
  {
    name: "play",
    parameters: {
      type: "object",
      properties: { track: text, artist: text, tags: { type: "array", items: text }, volume: { type: "integer" } },
    },
  },
  {
    name: "add_contact",
    parameters: { type: "object", properties: { info: { type: "object", properties: { name: text, phone: text } } } },
  },
];

const samples: Sample[] = Array.from({ length: 150 }, (_, i) => ({
  query: `please play song${i} by the artist${i % 120} band, tagged red${i} and blue`,
  answers: [
    {
      name: "play",
      arguments: { track: `song${i}`, artist: `artist${i % 120}`, tags: [`red${i}`, "blue"], volume: 3 },
    },
  ],
}));

describe("findSlots", () => {
  it("places each value once, in the order of the query, with its path", () => {
    const slots = findSlots(
      {
        query: "play red by red, then save Ana with 555",
        answers: [
          { name: "play", arguments: { artist: "red", track: "red" } },
          { name: "add_contact", arguments: { info: { name: "Ana", phone: "555" } } },
        ],
      },
      functions,
    );
    expect(slots?.map((slot) => [slot.begin, slot.kind])).toEqual([
      [5, "play.artist"],
      [12, "play.track"],
      [27, "add_contact.info.name"],
      [36, "add_contact.info.phone"],
    ]);
    expect(slots?.[3]?.path).toEqual([1, "arguments", "info", "phone"]);
  });

  it("gives null when a value does not stand in the query on word boundaries", () => {
    expect(
      findSlots({ query: "play redder", answers: [{ name: "play", arguments: { track: "red" } }] }, functions),
    ).toBe(null);
  });
});

describe("createAugmenter", () => {
  const augment = createAugmenter(samples, functions);
  const options = augmentOptions({ vary: 1, swap: 0.7, random: 0.4, cross: 0.2, drop: 0.1, substitute: 0.1 });

  it("keeps every copied value a span of its query", () => {
    const random = createRandom(5);
    for (const sample of samples) {
      const varied = augment(sample, options, random);
      const values = varied.answers[0]!.arguments as { track: string; artist: string; tags: string[]; volume: number };
      const edges = spanEdges(varied.query);
      for (const value of [values.track, values.artist, ...values.tags]) {
        expect(isSpan(value, varied.query, edges), `${value} in ${varied.query}`).toBe(true);
      }
      expect(values.volume).toBe(3);
    }
  });

  it("changes queries, is deterministic by seed and leaves its input alone", () => {
    const before = structuredClone(samples);
    const a = samples.map((sample, i) => augment(sample, options, createRandom(i)));
    const b = samples.map((sample, i) => augment(sample, options, createRandom(i)));
    expect(a).toEqual(b);
    expect(samples).toEqual(before);
    expect(a.filter((sample, i) => sample.query !== samples[i]!.query).length).toBeGreaterThan(130);
  });

  it("joins the head of one query and the tail of another at a slot of the same kind", () => {
    const pairs: Sample[] = Array.from({ length: 40 }, (_, i) => ({
      query: i % 2 ? `play track${i} from artist${i} now` : `I want artist${i} and the song track${i}`,
      answers: [{ name: "play", arguments: { track: `track${i}`, artist: `artist${i}` } }],
    }));
    const join = createAugmenter(pairs, functions);
    const random = createRandom(3);
    const joined = pairs.map((sample) => join(sample, augmentOptions({ crossover: 1 }), random));
    expect(new Set(joined.map(({ query }) => query.replace(/\d+/g, "#"))).size).toBeGreaterThan(2);
    for (const { query, answers } of joined) {
      for (const value of Object.values(answers[0]!.arguments).flat()) expect(query).toContain(value);
    }
  });

  it("leaves a slot as it is when none of the samples has one of its kind", () => {
    const sample: Sample = {
      query: "save Ana",
      answers: [{ name: "add_contact", arguments: { info: { name: "Ana" } } }],
    };
    const varied = createAugmenter(samples, functions)(sample, augmentOptions({ vary: 1, swap: 1 }), createRandom(1));
    expect(varied).toEqual(sample);
  });

  it("with all probabilities 0 returns the sample itself", () => {
    expect(augment(samples[0]!, augmentOptions({}), createRandom(1))).toBe(samples[0]);
  });
});
