// Alarms and timers of the Android catalogue.

import type { FunctionSchema } from "../types.ts";

/** Values of `days`, in the order of a week that starts on Monday. */
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const SKIP_UI = {
  type: "boolean",
  description: "true starts it at once; false lets the clock app ask the user to confirm first.",
} as const;

export const CLOCK_FUNCTIONS: readonly FunctionSchema[] = [
  {
    name: "set_alarm",
    description: "Rings at a time of day, once or on chosen weekdays.",
    parameters: {
      type: "object",
      properties: {
        hour: { type: "integer", description: "Hour on the 24-hour clock.", minimum: 0, maximum: 23 },
        minute: { type: "integer", description: "Minute of the hour.", minimum: 0, maximum: 59 },
        message: { type: "string", description: "Label shown when the alarm rings.", extractive: true },
        days: {
          type: "array",
          description: "Weekdays on which the alarm repeats, Monday first.",
          items: { type: "string", enum: [...WEEKDAYS] },
        },
        ringtone: {
          type: "string",
          description: 'URI of the sound, such as the result of get_ringtone; "silent" for none.',
          extractive: true,
        },
        vibrate: { type: "boolean", description: "Whether the device vibrates as well." },
        skip_ui: SKIP_UI,
      },
      required: ["hour", "minute"],
    },
  },
  {
    name: "set_timer",
    description: "Counts down a duration, given as the units that were said; at least one unit is needed.",
    parameters: {
      type: "object",
      properties: {
        hours: { type: "integer", description: "Whole hours.", minimum: 0, maximum: 24 },
        minutes: { type: "integer", description: "Minutes, as said: 90 stays 90.", minimum: 0, maximum: 1440 },
        seconds: { type: "integer", description: "Seconds, as said.", minimum: 0, maximum: 86400 },
        message: { type: "string", description: "Label shown when the time is up.", extractive: true },
        skip_ui: SKIP_UI,
      },
    },
  },
  {
    name: "show_alarms",
    description: "Opens the clock app on the list of alarms.",
    parameters: { type: "object", properties: {} },
  },
];
