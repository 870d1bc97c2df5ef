// The intent of a calendar entry (android.provider.CalendarContract).

import { HandheldError } from "../../../errors.ts";
import type { Call } from "../../types.ts";
import { booleanOf, requiredString, stringOf, stringsOf } from "../arguments.ts";
import { parseMoment } from "../when.ts";
import { EXTRA, type Extra, extras, flag, type Intent, type IntentBuilder, separable, text } from "./intent.ts";

function insertEvent(call: Call, _device: string, now: Date): Intent {
  const begin = moment(call, "begin_time", now);
  const end = moment(call, "end_time", now);
  if (begin?.value !== undefined && end?.value !== undefined && end.value < begin.value) {
    throw new HandheldError("invalid-call", "insert_event.end_time must not be before begin_time");
  }
  const invited = separable(call, stringsOf(call, "emails"));
  return {
    action: "android.intent.action.INSERT",
    data: "content://com.android.calendar/events",
    extras: extras(
      text("title", requiredString(call, "title")),
      text("description", stringOf(call, "description")),
      text("eventLocation", stringOf(call, "location")),
      flag("allDay", booleanOf(call, "all_day")),
      begin,
      end,
      text(`${EXTRA}EMAIL`, invited.length === 0 ? undefined : invited.join(",")),
    ),
  };
}

function moment(call: Call, key: "begin_time" | "end_time", now: Date): (Extra & { type: "long" }) | undefined {
  const value = stringOf(call, key);
  if (value === undefined) return undefined;
  const { epochMs } = parseMoment(value, now, `${call.name}.${key}`);
  return { type: "long", key: key === "begin_time" ? "beginTime" : "endTime", value: epochMs };
}

export const CALENDAR_INTENTS: Readonly<Record<string, IntentBuilder>> = { insert_event: insertEvent };
