// The slots of a sample: where its argument values stand in its query. Swapping what stands there gives new samples.
import type { Random } from "../random.ts";
import { spanEdges } from "./spans.ts";
import type { Call, FunctionSchema, Json, ParameterSchema, Sample } from "./types.ts";

/** A copied value: UTF-16 offsets in the query, where it sits in the answers, and its kind (`function.argument`). */
export interface Slot {
  begin: number;
  end: number;
  path: readonly (string | number)[];
  kind: string;
}

/**
 * Finds the slots of a sample: every extractive string of its answers that stands in the query, in the order of the
 * query. A value that cannot be placed without overlap makes the sample unusable for swapping: null.
 */
export function findSlots(sample: Sample, functions: readonly FunctionSchema[]): Slot[] | null {
  const edges = spanEdges(sample.query);
  const starts = new Set(edges.starts);
  const ends = new Set(edges.ends);
  const slots: Slot[] = [];
  for (const { path, kind, value } of copiedValues(sample.answers, functions)) {
    let at = sample.query.indexOf(value);
    const free = () =>
      starts.has(at) &&
      ends.has(at + value.length) &&
      slots.every((slot) => at >= slot.end || at + value.length <= slot.begin);
    while (at >= 0 && !free()) at = sample.query.indexOf(value, at + 1);
    if (at < 0) return null;
    slots.push({ begin: at, end: at + value.length, path, kind });
  }
  return slots.sort((a, b) => a.begin - b.begin);
}

interface CopiedValue {
  path: (string | number)[];
  kind: string;
  value: string;
}

function copiedValues(answers: readonly Call[], functions: readonly FunctionSchema[]): CopiedValue[] {
  const out: CopiedValue[] = [];
  const visit = (
    value: Json | undefined,
    schema: ParameterSchema | undefined,
    path: (string | number)[],
    kind: string,
  ) => {
    if (typeof value === "string") {
      const copied = schema?.extractive ?? schema?.items?.extractive ?? false;
      if (copied && value !== "" && !/^result\d+$/.test(value)) out.push({ path, kind, value });
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, schema?.items, [...path, i], kind);
    } else if (value !== null && typeof value === "object") {
      for (const [key, item] of Object.entries(value))
        visit(item, schema?.properties?.[key], [...path, key], `${kind}.${key}`);
    }
  };
  answers.forEach((call, i) => {
    const properties = functions.find((f) => f.name === call.name)?.parameters.properties;
    for (const [name, value] of Object.entries(call.arguments)) {
      visit(value, properties?.[name], [i, "arguments", name], `${call.name}.${name}`);
    }
  });
  return out;
}

/** How samples are varied; probabilities 0..1. See {@link createAugmenter}. */
export interface AugmentOptions {
  /** A sample is varied at all. */
  vary: number;
  /** Each slot of a varied sample gets another value… */
  swap: number;
  /** …which consists of random words with this probability… */
  random: number;
  /** …or is a value of another kind of slot with this one; otherwise it is one of the same kind. */
  cross: number;
  /** The query goes on, behind one of its slots, as another query that has such a slot (single calls of one function). */
  crossover: number;
  /** A word outside the slots is left out. */
  drop: number;
  /** A word outside the slots becomes another such word. */
  substitute: number;
}

/** The options in a recipe's `augmentation`; those left out are 0. */
export function augmentOptions(given: Readonly<Record<string, number>>): AugmentOptions {
  return { vary: 0, swap: 0, random: 0, cross: 0, crossover: 0, drop: 0, substitute: 0, ...given };
}

/**
 * An argument is open, so that its values may be any words, when it has at least so many different ones and this share of
 * its slots hold a value that occurs once: by Good and Turing the chance that the next value is new. Artists and cities
 * are open; countries, states and times are not, and random words there would teach the wrong thing.
 */
const openValues = 100;
const openNovelty = 0.7;

/** Functions share the values of arguments of one name: a city is a city wherever it stands. */
function argumentOf(kind: string): string {
  return kind.slice(kind.indexOf(".") + 1);
}

function isOpenArgument(values: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const single = [...counts.values()].filter((count) => count === 1).length;
  return counts.size >= openValues && single >= openNovelty * values.length;
}

/** Makes varied copies of training samples, by the slot values and words of all of them. */
export function createAugmenter(
  samples: readonly Sample[],
  functions: readonly FunctionSchema[],
): (sample: Sample, options: AugmentOptions, random: Random) => Sample {
  const slotsOf = new Map<Sample, Slot[] | null>();
  const values = new Map<string, string[]>();
  const carrier: string[] = [];
  for (const sample of samples) {
    const slots = findSlots(sample, functions);
    slotsOf.set(sample, slots);
    for (const { kind, begin, end } of slots ?? []) {
      const pool = values.get(argumentOf(kind)) ?? [];
      pool.push(sample.query.slice(begin, end));
      values.set(argumentOf(kind), pool);
    }
    for (const piece of gaps(sample.query, slots ?? [])) carrier.push(...words(piece));
  }
  const distinct = new Map([...values].map(([name, pool]) => [name, [...new Set(pool)]]));
  const open = [...values.keys()].filter((name) => isOpenArgument(values.get(name)!));
  const openWords = [...new Set(open.flatMap((name) => distinct.get(name)!.flatMap(words)))];
  const isOpen = new Set(open);

  const replacement = (old: string, kind: string, options: AugmentOptions, random: Random): string => {
    const name = argumentOf(kind);
    const choice = random.float();
    if (isOpen.has(name) && choice < options.random) return randomWords(words(old).length, openWords, random);
    if (isOpen.has(name) && choice < options.random + options.cross)
      return random.pick(distinct.get(random.pick(open))!);
    // A sample that was not among `samples` may have a kind of slot that they lack.
    const pool = (random.float() < 0.5 ? distinct : values).get(name);
    return pool ? random.pick(pool) : old;
  };

  const mates = crossoverMates(slotsOf);
  const cross = (sample: Sample, random: Random): Sample => {
    const slots = slotsOf.get(sample);
    if (!slots || slots.length === 0 || sample.answers.length !== 1) return sample;
    const at = random.below(slots.length);
    const mate = random.pick(mates.get(slots[at]!.kind)!);
    return joinAt(sample, slots, at, mate.sample, slotsOf.get(mate.sample)!, mate.at);
  };

  return (given, options, random) => {
    const sample = random.float() < options.crossover ? cross(given, random) : given;
    if (random.float() >= options.vary) return sample;
    const slots = slotsOf.has(sample) ? slotsOf.get(sample) : findSlots(sample, functions);
    if (!slots) return sample;
    const texts = slots.map(({ begin, end, kind }) => {
      const old = sample.query.slice(begin, end);
      return random.float() < options.swap ? replacement(old, kind, options, random) : old;
    });
    const between = gaps(sample.query, slots).map((gap) => varyGap(gap, options, carrier, random));
    return rebuild(sample, slots, texts, between);
  };
}

/** Samples of a single call with a slot of each kind, and the slot's index. */
function crossoverMates(slotsOf: ReadonlyMap<Sample, Slot[] | null>): Map<string, { sample: Sample; at: number }[]> {
  const mates = new Map<string, { sample: Sample; at: number }[]>();
  for (const [sample, slots] of slotsOf) {
    if (!slots || sample.answers.length !== 1) continue;
    slots.forEach(({ kind }, at) => {
      const list = mates.get(kind);
      if (list) list.push({ sample, at });
      else mates.set(kind, [{ sample, at }]);
    });
  }
  return mates;
}

// The head of one query up to and with a slot, and the tail of another behind its slot of the same kind. Only where every
// argument stands in the query: an enumeration or a number without a slot belongs to words that may have gone.
function joinAt(
  a: Sample,
  aSlots: readonly Slot[],
  at: number,
  b: Sample,
  bSlots: readonly Slot[],
  bAt: number,
): Sample {
  const [head, tail] = [aSlots.slice(0, at + 1), bSlots.slice(bAt + 1)];
  if (!onlySlots(a, aSlots) || !onlySlots(b, bSlots)) return a;
  const values = new Map<string, string[]>();
  const add = (query: string, { begin, end, path }: Slot) => {
    const name = String(path[2]);
    values.set(name, [...(values.get(name) ?? []), query.slice(begin, end)]);
  };
  for (const slot of head) add(a.query, slot);
  for (const slot of tail) add(b.query, slot);
  const args = Object.fromEntries(Array.from(values, ([name, list]) => [name, list.length === 1 ? list[0]! : list]));
  const query = a.query.slice(0, aSlots[at]!.end) + b.query.slice(bSlots[bAt]!.end);
  const lists = [...values].filter(([, list]) => list.length > 1).map(([name]) => name);
  // A list in one sample shows that the argument may be one.
  const listed = (sample: Sample, name: string) => Array.isArray(sample.answers[0]!.arguments[name]);
  if (lists.some((name) => !listed(a, name) && !listed(b, name))) return a;
  return { ...a, query, answers: [{ name: a.answers[0]!.name, arguments: args }] };
}

function onlySlots({ answers }: Sample, slots: readonly Slot[]): boolean {
  const flat = slots.every(({ path }) => path.length === 3 || (path.length === 4 && typeof path[3] === "number"));
  const values = Object.values(answers[0]!.arguments).reduce<number>(
    (sum, v) => sum + (Array.isArray(v) ? v.length : 1),
    0,
  );
  return flat && values === slots.length;
}

/** The query's text before, between and behind the slots: one more piece than slots. */
function gaps(query: string, slots: readonly Slot[]): string[] {
  const begins = [0, ...slots.map((slot) => slot.end)];
  const ends = [...slots.map((slot) => slot.begin), query.length];
  return begins.map((begin, i) => query.slice(begin, ends[i]));
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== "");
}

function varyGap(gap: string, options: AugmentOptions, carrier: readonly string[], random: Random): string {
  if (options.drop === 0 && options.substitute === 0) return gap;
  return gap
    .split(/(\s+)/u)
    .map((piece) => {
      if (piece.trim() === "") return piece;
      const choice = random.float();
      if (choice < options.drop) return "";
      return choice < options.drop + options.substitute ? random.pick(carrier) : piece;
    })
    .join("");
}

// About as many words as before; one in seven is made up of the beginning of one word and the end of another.
function randomWords(count: number, pool: readonly string[], random: Random): string {
  const length = Math.max(1, count + random.pick([-1, 0, 0, 0, 1]));
  return Array.from({ length }, () => {
    const word = random.pick(pool);
    if (random.below(7) > 0) return word;
    const head = Array.from(word);
    const tail = Array.from(random.pick(pool));
    return [...head.slice(0, 1 + random.below(head.length)), ...tail.slice(random.below(tail.length))].join("");
  }).join(" ");
}

function rebuild(sample: Sample, slots: readonly Slot[], texts: readonly string[], between: readonly string[]): Sample {
  const answers = structuredClone(sample.answers);
  let query = between[0]!;
  slots.forEach((slot, i) => {
    setAt(answers as unknown as Json[], slot.path, texts[i]!);
    query += texts[i]! + between[i + 1]!;
  });
  return { ...sample, query: query.replace(/\s+/gu, " ").trim(), answers };
}

function setAt(root: Json[], path: readonly (string | number)[], value: string): void {
  let at = root as unknown as Record<string | number, Json>;
  for (const key of path.slice(0, -1)) at = at[key] as unknown as Record<string | number, Json>;
  at[path.at(-1)!] = value;
}
