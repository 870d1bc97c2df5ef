// Intents of alarms and timers (android.provider.AlarmClock).

import { HandheldError } from "../../../errors.ts";
import { WEEKDAYS } from "../../catalogue/index.ts";
import type { Call } from "../../types.ts";
import { booleanOf, chosenFrom, integerOf, requiredInteger, stringOf, stringsOf } from "../arguments.ts";
import { contentUri, extras, flag, type Intent, type IntentBuilder, plain, text } from "./intent.ts";

const ALARM = "android.intent.extra.alarm.";

/** `java.util.Calendar` counts days from Sunday = 1. */
const CALENDAR_DAYS: Readonly<Record<string, number>> = Object.fromEntries(
  WEEKDAYS.map((day, index) => [day, ((index + 1) % 7) + 1]),
);

function setAlarm(call: Call): Intent {
  const days = stringsOf(call, "days").map((day) => chosenFrom(call, "days", day.toLowerCase(), CALENDAR_DAYS));
  return {
    action: "android.intent.action.SET_ALARM",
    extras: extras(
      { type: "integer", key: `${ALARM}HOUR`, value: requiredInteger(call, "hour", 0, 23) },
      { type: "integer", key: `${ALARM}MINUTES`, value: requiredInteger(call, "minute", 0, 59) },
      text(`${ALARM}MESSAGE`, stringOf(call, "message")),
      days.length === 0 ? undefined : { type: "integerList", key: `${ALARM}DAYS`, value: days },
      text(`${ALARM}RINGTONE`, ringtoneOf(call)),
      flag(`${ALARM}VIBRATE`, booleanOf(call, "vibrate")),
      flag(`${ALARM}SKIP_UI`, booleanOf(call, "skip_ui")),
    ),
  };
}

function ringtoneOf(call: Call): string | undefined {
  const ringtone = stringOf(call, "ringtone");
  if (ringtone === undefined) return undefined;
  return ringtone.toLowerCase() === "silent" ? "silent" : contentUri(call, "ringtone", ringtone);
}

/** Timers of the Android clock last from a second to a day. */
const MAX_TIMER_SECONDS = 86_400;

function setTimer(call: Call): Intent {
  const hours = integerOf(call, "hours", 0, 24) ?? 0;
  const minutes = integerOf(call, "minutes", 0, 1440) ?? 0;
  const seconds = integerOf(call, "seconds", 0, 86_400) ?? 0;
  const length = hours * 3600 + minutes * 60 + seconds;
  if (length < 1 || length > MAX_TIMER_SECONDS) {
    throw new HandheldError("invalid-call", `set_timer must last from 1 second to 24 hours, got ${length} seconds`);
  }
  return {
    action: "android.intent.action.SET_TIMER",
    extras: extras(
      { type: "integer", key: `${ALARM}LENGTH`, value: length },
      text(`${ALARM}MESSAGE`, stringOf(call, "message")),
      flag(`${ALARM}SKIP_UI`, booleanOf(call, "skip_ui")),
    ),
  };
}

export const CLOCK_INTENTS: Readonly<Record<string, IntentBuilder>> = {
  set_alarm: setAlarm,
  set_timer: setTimer,
  show_alarms: plain("android.intent.action.SHOW_ALARMS"),
};
