// Dates and times of calendar entries as functions give them (`2027-03-14T15:00`, `03-14`, `tomorrowT09:30`,
// `friday`) to milliseconds since 1970, in the local time of the machine that runs this.

import { HandheldError } from "../../errors.ts";
import { WEEKDAYS } from "../catalogue/index.ts";

/** A moment, and whether a time of day was given. */
export interface Moment {
  epochMs: number;
  hasTime: boolean;
}

const FORMAT = /^(?:(\d{4})-(\d{2})-(\d{2})|(\d{2})-(\d{2})|([a-z]+))(?:T(\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/**
 * Parses a local date and time relative to `now`. MM-DD and weekdays are their next occurrence, today included; full
 * ISO 8601 with an offset (`2027-03-14T15:00Z`) is taken as it is. Throws invalid-call for anything else.
 */
export function parseMoment(text: string, now: Date, where: string): Moment {
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) {
    const epochMs = Date.parse(text);
    if (!Number.isNaN(epochMs)) return { epochMs, hasTime: true };
  }
  const match = FORMAT.exec(text);
  const day = match === null ? null : dayOf(match, now);
  const [hour, minute, second] = [match?.[7], match?.[8], match?.[9]].map((n) => Number(n ?? 0)) as [
    number,
    number,
    number,
  ];
  if (day === null || hour > 23 || minute > 59 || second > 59) {
    throw new HandheldError(
      "invalid-call",
      `${where} must be a local date and time such as 2027-03-14T15:00, 03-14, tomorrowT09:30 or friday, got ${JSON.stringify(text)}`,
    );
  }
  const moment = new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute, second);
  return { epochMs: moment.getTime(), hasTime: match?.[7] !== undefined };
}

function dayOf(match: RegExpExecArray, now: Date): Date | null {
  const [, year, month, day, nextMonth, nextDay, word] = match;
  if (year !== undefined) return calendarDay(Number(year), Number(month), Number(day));
  if (nextMonth !== undefined) return nextOccurrence(Number(nextMonth), Number(nextDay), now);
  if (word === "today") return startOfDay(now, 0);
  if (word === "tomorrow") return startOfDay(now, 1);
  const weekday = (WEEKDAYS as readonly string[]).indexOf(word ?? "");
  if (weekday < 0) return null;
  const today = (now.getDay() + 6) % 7;
  return startOfDay(now, (weekday - today + 7) % 7);
}

const startOfDay = (now: Date, plusDays: number): Date =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() + plusDays);

/** The day, or null when the calendar has no such day. */
function calendarDay(year: number, month: number, day: number): Date | null {
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 && date.getDate() === day ? date : null;
}

function nextOccurrence(month: number, day: number, now: Date): Date | null {
  const today = startOfDay(now, 0);
  // 29 February comes back within eight years.
  for (let year = now.getFullYear(); year <= now.getFullYear() + 8; year++) {
    const date = calendarDay(year, month, day);
    if (date !== null && date >= today) return date;
  }
  return null;
}
