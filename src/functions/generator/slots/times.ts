// Times of day, weekdays and durations, with the rules that turn their texts into values:
//   a part of day or am/pm decides the half of the day ("8 in the evening" is 20, "12 am" is 0, "12 pm" is 12);
//   without one the hour is taken as said ("at 8" is 8, "half past seven" is 7:30, "19:30" is 19:30);
//   noon and midday are 12:00, midnight is 0:00; "quarter to nine" is 8:45;
//   durations keep the units that were said; half an hour is 30 minutes, an hour and a half is 1 hour 30 minutes.

import { WEEKDAYS } from "../../catalogue/index.ts";
import type { Json } from "../../types.ts";
import type { Random } from "../random.ts";
import { derived, type Slot } from "./slot.ts";

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = ["", "", "twenty", "thirty", "forty", "fifty"];

/** An integer from 0 to 59 in words. */
export function numberWord(n: number): string {
  if (n < 20) return ONES[n] as string;
  const ones = n % 10;
  return ones === 0 ? (TENS[n / 10] as string) : `${TENS[(n - ones) / 10]}-${ONES[ones]}`;
}

/** A text and the time it stands for. */
export interface ClockTime {
  text: string;
  hour: number;
  minute: number;
}

const two = (n: number): string => String(n).padStart(2, "0");
const MINUTES = [0, 0, 0, 5, 10, 15, 15, 20, 25, 30, 30, 30, 35, 40, 45, 45, 50, 55];

/** A random minute: mostly a round one. */
const someMinute = (random: Random): number => (random.chance(0.88) ? random.pick(MINUTES) : random.integer(0, 59));

type Half = "am" | "pm" | null;

/** Hour on the 24-hour clock of `hour` (1..12) as said with a half of the day, or without. */
const to24 = (hour: number, half: Half): number => (half === null ? hour : (hour % 12) + (half === "pm" ? 12 : 0));

/** A suffix that names the half of the day and fits the hour. */
function partOfDay(random: Random, hour: number, today: boolean): { text: string; half: Half } {
  if (random.chance(0.45)) {
    const half = random.pick(["am", "pm"] as const);
    const letters = random.pick([half, half, half, half.toUpperCase(), half === "am" ? "a.m." : "p.m."]);
    return { text: ` ${letters}`, half };
  }
  const choices: [string, Half][] = [];
  const determiner = today ? "this" : "in the";
  if (hour !== 12) choices.push([`${determiner} morning`, "am"]);
  if (hour <= 6) choices.push([`${determiner} afternoon`, "pm"]);
  if (hour >= 5 && hour <= 11) choices.push([`${determiner} evening`, "pm"]);
  if (hour >= 7 && hour <= 11) choices.push([today ? "tonight" : "at night", "pm"]);
  if (choices.length === 0) return { text: " pm", half: "pm" };
  const [text, half] = random.pick(choices);
  return { text: ` ${text}`, half };
}

function digitsTime(random: Random, today: boolean): ClockTime {
  const minute = someMinute(random);
  if (random.chance(0.25)) {
    const hour = random.integer(0, 23);
    return { text: `${random.chance(0.6) ? two(hour) : hour}:${two(minute)}`, hour, minute };
  }
  const hour = random.integer(1, 12);
  const part = random.chance(0.7) ? partOfDay(random, hour, today) : { text: "", half: null };
  const glued = /^ [ap]m$/i.test(part.text) && random.chance(0.5) ? part.text.trim() : part.text;
  const separator = random.chance(0.85) ? ":" : ".";
  const text = minute === 0 && random.chance(0.8) ? String(hour) : `${hour}${separator}${two(minute)}`;
  return { text: text + glued, hour: to24(hour, part.half), minute };
}

/** Words for a past-or-to time: the spoken text, and the hour's shift and minute it means. */
const RELATIVE: [text: string, shift: number, minute: number][] = [
  ["half past", 0, 30],
  ["half past", 0, 30],
  ["quarter past", 0, 15],
  ["a quarter past", 0, 15],
  ["quarter after", 0, 15],
  ["quarter to", -1, 45],
  ["a quarter to", -1, 45],
  ["five past", 0, 5],
  ["ten past", 0, 10],
  ["twenty past", 0, 20],
  ["twenty-five past", 0, 25],
  ["five to", -1, 55],
  ["ten to", -1, 50],
  ["twenty to", -1, 40],
];

function spokenTime(random: Random, today: boolean): ClockTime {
  const said = random.integer(1, 12);
  const hourWord = random.chance(0.75) ? numberWord(said) : String(said);
  const style = random.next();
  let text = hourWord;
  let shift = 0;
  let minute = 0;
  if (style < 0.45) {
    const [words, by, at] = random.pick(RELATIVE);
    text = `${words} ${hourWord}`;
    shift = by;
    minute = at;
  } else if (style < 0.65) {
    minute = random.pick([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
    text = `${numberWord(said)} ${minute === 5 ? "oh five" : numberWord(minute)}`;
  } else if (style < 0.82) {
    text = `${hourWord} o'clock`;
  }
  const hour = said + shift === 0 ? 12 : said + shift;
  // "quarter to twelve" and "quarter to one" cross a boundary that a part of day would make ambiguous.
  const part =
    said < 12 && hour < 12 && random.chance(0.55) ? partOfDay(random, said, today) : { text: "", half: null };
  return { text: text + part.text, hour: to24(hour, part.half), minute };
}

/** A time of day in digits or words; with `today` its part of day is "this evening" or "tonight". */
export function clockTime(random: Random, today = false): ClockTime {
  const kind = random.next();
  if (kind < 0.58) return digitsTime(random, today);
  if (kind < 0.94) return spokenTime(random, today);
  const [text, hour] = random.pick([
    ["noon", 12],
    ["midday", 12],
    ["midnight", 0],
  ] as const);
  return { text, hour, minute: 0 };
}

/** Slot of a time: value `{hour, minute}`. */
export const time: Slot = ({ random }) => {
  const { text, hour, minute } = clockTime(random);
  return { text, value: { hour, minute } };
};

/** Slot of a time that may name today: "8 tonight"; not for queries that name a day. */
export const timeToday: Slot = ({ random }) => {
  const { text, hour, minute } = clockTime(random, random.chance(0.5));
  return { text, value: { hour, minute } };
};

const title = (day: string): string => day.slice(0, 1).toUpperCase() + day.slice(1);

/** Slot of weekdays, with its preposition: value is the list in the order of the week. */
export const days: Slot = ({ random }) => {
  const fixed: [string, readonly string[]][] = [
    ["every day", WEEKDAYS],
    ["daily", WEEKDAYS],
    ["every weekday", WEEKDAYS.slice(0, 5)],
    ["on weekdays", WEEKDAYS.slice(0, 5)],
    ["from Monday to Friday", WEEKDAYS.slice(0, 5)],
    ["on weekends", WEEKDAYS.slice(5)],
    ["every weekend", WEEKDAYS.slice(5)],
  ];
  if (random.chance(0.4)) {
    const [text, value] = random.pick(fixed);
    return { text, value: [...value] };
  }
  const count = random.weighted([0, 5, 4, 1]);
  const chosen = new Set(random.shuffle([...WEEKDAYS]).slice(0, count));
  const value = WEEKDAYS.filter((day) => chosen.has(day));
  const plural = random.chance(0.5);
  const names = value.map((day) => title(day) + (plural ? "s" : ""));
  const list = names.length === 1 ? (names[0] as string) : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return { text: `${plural ? "on" : random.pick(["every", "every", "on", "each"])} ${list}`, value: [...value] };
};

type Unit = "hours" | "minutes" | "seconds";

const IDIOMS: [string, Record<string, number>][] = [
  ["half an hour", { minutes: 30 }],
  ["a quarter of an hour", { minutes: 15 }],
  ["three quarters of an hour", { minutes: 45 }],
  ["an hour", { hours: 1 }],
  ["an hour and a half", { hours: 1, minutes: 30 }],
  ["an hour and a quarter", { hours: 1, minutes: 15 }],
  ["a minute", { minutes: 1 }],
  ["half a minute", { seconds: 30 }],
  ["a minute and a half", { minutes: 1, seconds: 30 }],
  ["two and a half hours", { hours: 2, minutes: 30 }],
  ["three and a half minutes", { minutes: 3, seconds: 30 }],
];

const SHORT: Record<Unit, string[]> = {
  hours: ["h", "hr", "hrs"],
  minutes: ["min", "mins", "m"],
  seconds: ["sec", "secs", "s"],
};

function amount(random: Random, unit: Unit): number {
  if (unit === "hours") return random.integer(1, 12);
  if (random.chance(0.85))
    return random.pick([1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 12, 15, 20, 25, 30, 40, 45, 50, 90]);
  return random.integer(1, 99);
}

function quantity(random: Random, n: number, unit: Unit): string {
  const wordy = n < 60 && random.chance(0.4);
  const name = n === 1 ? unit.slice(0, -1) : unit;
  if (wordy) return `${n === 1 && random.chance(0.5) ? (unit === "hours" ? "an" : "a") : numberWord(n)} ${name}`;
  const style = random.next();
  if (style < 0.15) return `${n}${random.pick(SHORT[unit])}`;
  if (style < 0.35) return `${n} ${random.pick(SHORT[unit].slice(0, 2))}`;
  return `${n} ${name}`;
}

const UNITS: Unit[][] = [
  ["minutes"],
  ["seconds"],
  ["hours"],
  ["hours", "minutes"],
  ["minutes", "seconds"],
  ["hours", "minutes", "seconds"],
];
/** How often people name these units together. */
const UNIT_WEIGHTS = [10, 2, 3, 3, 1.5, 0.3];

/** Slot of a duration: value `{hours?, minutes?, seconds?}`, the units as said. */
export const duration: Slot = ({ random }) => {
  if (random.chance(0.16)) {
    const [text, value] = random.pick(IDIOMS);
    return { text, value: value as Json };
  }
  const units = UNITS[random.weighted(UNIT_WEIGHTS)] as Unit[];
  const value: Record<string, number> = {};
  const texts = units.map((unit, i) => {
    const n = i > 0 ? Math.min(amount(random, unit), 59) : amount(random, unit);
    value[unit] = n;
    return quantity(random, n, unit);
  });
  const last = texts.pop() as string;
  return {
    text: texts.length === 0 ? last : `${texts.join(" ")}${random.pick([" and ", " ", " and "])}${last}`,
    value,
  };
};

/** Slot of a duration in one unit, for queries that name two durations. */
export const plainDuration: Slot = ({ random }) => {
  const unit = random.pick<Unit>(["minutes", "minutes", "minutes", "seconds", "hours"]);
  const n = amount(random, unit);
  return { text: quantity(random, n, unit), value: { [unit]: n } };
};

/** Slot "with vibration". */
export const vibrate: Slot = derived([
  ["with vibration", true],
  ["and make it vibrate", true],
  ["with vibrate on", true],
  ["and let the phone vibrate", true],
  ["without vibration", false],
  ["but no vibration", false],
]);

/** Slot "skip the confirmation", or ask for it. */
export const skipUi: Slot = derived([
  ["without asking me", true],
  ["without confirmation", true],
  ["and skip the confirmation", true],
  ["and don't ask me to confirm", true],
  ["but let me confirm it first", false],
  ["but show it to me before saving", false],
  ["and ask me to confirm", false],
]);
