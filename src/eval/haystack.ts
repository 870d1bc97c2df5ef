// Long texts with facts hidden in them: sentences of everyday life that say nothing, and facts that only the text can tell.
import { HandheldError } from "../errors.ts";
import { createRandom, type Random } from "../random.ts";

/** How facts are hidden and asked for. */
export const needleKinds = ["single", "multi", "reasoning"] as const;
export type NeedleKind = (typeof needleKinds)[number];

/** Facts, a question about them, and what a right answer has in it. */
export interface Needle {
  facts: string[];
  question: string;
  answers: string[];
}

const people = ["Ada", "Bruno", "Clara", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaori", "Lena"];
const cities = [
  "Lisbon",
  "Oslo",
  "Kyoto",
  "Quito",
  "Nairobi",
  "Tallinn",
  "Perth",
  "Lima",
  "Cork",
  "Graz",
  "Baku",
  "Hanoi",
];
const times = ["In the morning", "At noon", "In the evening", "On Sunday", "Last week", "In spring", "After the rain"];
const subjects = [
  "the baker",
  "a neighbour",
  "the old teacher",
  "a gardener",
  "the bus driver",
  "a girl",
  "the postman",
];
const deeds = [
  "swept the steps",
  "opened the shop",
  "fed the cats",
  "waited for the tram",
  "read the paper",
  "painted a fence",
];
const ends = [
  "and said nothing",
  "while the bells rang",
  "before anyone woke up",
  "as on any other day",
  "and then went home",
];

/** Facts and a question of a kind, different for every seed. */
export function makeNeedle(kind: NeedleKind, seed: number): Needle {
  const random = createRandom(seed, "needle", kind);
  const [names, places] = [random.shuffle([...people]), random.shuffle([...cities])];
  const number = () => String(1000 + random.below(9000));
  if (kind === "reasoning") {
    const [owner, keeper] = names as [string, string];
    const city = places[0]!;
    return {
      facts: [
        `The red suitcase of ${owner} was given to ${keeper}.`,
        `Everything that ${keeper} was given is now in ${city}.`,
      ],
      question: `In which city is the red suitcase of ${owner} now?`,
      answers: [city],
    };
  }
  const count = kind === "single" ? 1 : 3;
  const chosen = places.slice(0, count).map((city) => ({ city, code: number() }));
  const list = chosen.map(({ city }) => city).join(", ");
  return {
    facts: chosen.map(({ city, code }) => `The secret number of ${city} is ${code}.`),
    question: kind === "single" ? `What is the secret number of ${list}?` : `What are the secret numbers of ${list}?`,
    answers: chosen.map(({ code }) => code),
  };
}

/** Sentences without end, the same for the same seed. */
export function* fillerSentences(seed: number): Generator<string, never, void> {
  const random: Random = createRandom(seed, "haystack");
  for (;;) yield `${random.pick(times)} ${random.pick(subjects)} ${random.pick(deeds)} ${random.pick(ends)}.`;
}

/**
 * A prompt of at most `length` tokens with the facts in it: the first at `depth` (0…1), the others evenly behind it.
 *
 * @throws HandheldError `invalid-option` where not even the facts and the question fit
 */
export function hide(
  needle: Needle,
  depth: number,
  length: number,
  count: (text: string) => number,
  sentences: Iterable<string>,
): string {
  const intro = "Read the text and answer the question after it.\n\n";
  const question = `\n\nQuestion: ${needle.question}\nAnswer:`;
  let room = length - count(intro + needle.facts.join(" ") + question);
  if (room < 0)
    throw new HandheldError("invalid-option", `a text of ${length} tokens has no room for the facts and the question`);
  const text: string[] = [];
  for (const sentence of sentences) {
    // A little more than what the sentence takes within the text, never less.
    room -= count(` ${sentence}`) + 1;
    if (room < 0) break;
    text.push(sentence);
  }
  const places = needle.facts.map((_, i) => depth + ((1 - depth) * i) / needle.facts.length);
  const spots = places.map((place) => Math.round(place * text.length));
  const lines = text.flatMap((sentence, at) => [...needle.facts.filter((_, i) => spots[i] === at), sentence]);
  lines.push(...needle.facts.filter((_, i) => spots[i] === text.length));
  return intro + lines.join(" ") + question;
}
