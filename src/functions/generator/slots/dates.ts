// Dates and times of calendar entries. A date with a year is YYYY-MM-DD; without one it is MM-DD, the next such day;
// today, tomorrow and weekdays stay words, so that a model needs no clock. A time follows after "T".

import { WEEKDAYS } from "../../catalogue/index.ts";
import type { Random } from "../random.ts";
import type { Slot } from "./slot.ts";
import { clockTime, numberWord } from "./times.ts";

const MONTHS = "January February March April May June July August September October November December".split(" ");

const two = (n: number): string => String(n).padStart(2, "0");

/** A text, with its preposition, and the date it stands for. */
interface SpokenDate {
  text: string;
  date: string;
}

function ordinal(n: number): string {
  const suffix =
    n % 10 === 1 && n !== 11 ? "st" : n % 10 === 2 && n !== 12 ? "nd" : n % 10 === 3 && n !== 13 ? "rd" : "th";
  return `${n}${suffix}`;
}

function calendarDate(random: Random): SpokenDate {
  const month = random.integer(1, 12);
  const day = random.integer(1, 28);
  const year = random.integer(2025, 2031);
  const name = MONTHS[month - 1] as string;
  const style = random.next();
  if (style < 0.1) return { text: `on ${year}-${two(month)}-${two(day)}`, date: `${year}-${two(month)}-${two(day)}` };
  if (style < 0.16) {
    return { text: `on ${two(day)}.${two(month)}.${year}`, date: `${year}-${two(month)}-${two(day)}` };
  }
  const short = random.chance(0.2) && name.length > 4 ? name.slice(0, 3) : name;
  const text = random.pick([
    `${short} ${day}`,
    `${short} ${ordinal(day)}`,
    `${day} ${short}`,
    `${ordinal(day)} of ${name}`,
    `the ${ordinal(day)} of ${name}`,
  ]);
  if (random.chance(0.7)) return { text: `on ${text}`, date: `${two(month)}-${two(day)}` };
  return { text: `on ${text}${random.pick([" ", ", "])}${year}`, date: `${year}-${two(month)}-${two(day)}` };
}

function spokenDate(random: Random): SpokenDate {
  const kind = random.next();
  if (kind < 0.28) return { text: "tomorrow", date: "tomorrow" };
  if (kind < 0.38) return { text: "today", date: "today" };
  if (kind < 0.62) {
    const day = random.pick(WEEKDAYS);
    const name = day.slice(0, 1).toUpperCase() + day.slice(1);
    return { text: `${random.pick(["on", "on", "this"])} ${name}`, date: day };
  }
  return calendarDate(random);
}

/** A date alone, with its preposition: "on March 3", value `03-03`. */
export const date: Slot = ({ random }) => {
  const { text, date: value } = spokenDate(random);
  return { text, value };
};

/** A date and a time: "tomorrow at 3 pm", value `tomorrowT15:00`. */
export const dateTime: Slot = ({ random }) => {
  const spoken = spokenDate(random);
  const at = clockTime(random);
  return { text: `${spoken.text} at ${at.text}`, value: `${spoken.date}T${two(at.hour)}:${two(at.minute)}` };
};

/** A date with start and end: "on Friday from 2 pm to 4 pm", value `{begin, end}`. */
export const dateRange: Slot = ({ random }) => {
  const { text, date: day } = spokenDate(random);
  const start = random.integer(7, 19);
  const length = random.integer(1, 3);
  const minute = random.pick([0, 0, 0, 30, 15]);
  const from = hourText(random, start, minute);
  const to = hourText(random, start + length, minute);
  const span = random.pick([`from ${from} to ${to}`, `from ${from} until ${to}`, `between ${from} and ${to}`]);
  return {
    text: `${text} ${span}`,
    value: { begin: `${day}T${two(start)}:${two(minute)}`, end: `${day}T${two(start + length)}:${two(minute)}` },
  };
};

function hourText(random: Random, hour: number, minute: number): string {
  if (random.chance(0.25)) return `${hour}:${two(minute)}`;
  const half = hour < 12 ? "am" : "pm";
  const said = hour % 12 === 0 ? 12 : hour % 12;
  const head = minute === 0 && random.chance(0.25) ? numberWord(said) : String(said);
  return `${head}${minute === 0 ? "" : `:${two(minute)}`}${random.pick(["", " "])}${half}`.replace(
    /([a-z])(am|pm)$/,
    "$1 $2",
  );
}
