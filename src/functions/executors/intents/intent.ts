// What an Android intent is, and the small parts that its builders share. Names and extras are those of the Android
// developer reference ("Common intents", Settings, CalendarContract, ContactsContract).

import { HandheldError } from "../../../errors.ts";
import type { Call } from "../../types.ts";
import { requiredString } from "../arguments.ts";

/** A typed extra of an intent. */
export type Extra =
  | { type: "string" | "uri"; key: string; value: string }
  | { type: "integer" | "long"; key: string; value: number }
  | { type: "boolean"; key: string; value: boolean }
  | { type: "strings"; key: string; value: string[] }
  | { type: "integerList"; key: string; value: number[] };

/** An intent that starts an activity. */
export interface Intent {
  action: string;
  data?: string;
  mimeType?: string;
  extras: Extra[];
}

/** Builds the intent of a call. `device` names the executor in errors; `now` is what relative dates refer to. */
export type IntentBuilder = (call: Call, device: string, now: Date) => Intent;

/** Prefix of the extras that all apps share. */
export const EXTRA = "android.intent.extra.";

/** The extras that have a value. */
export function extras(...list: (Extra | undefined)[]): Extra[] {
  return list.filter((extra) => extra !== undefined);
}

export const text = (key: string, value: string | undefined): Extra | undefined =>
  value === undefined ? undefined : { type: "string", key, value };

export const flag = (key: string, value: boolean | undefined): Extra | undefined =>
  value === undefined ? undefined : { type: "boolean", key, value };

/** An intent that needs nothing but its action. */
export const plain =
  (action: string): IntentBuilder =>
  () => ({ action, extras: [] });

/** Text as one component of a URI; halves of broken surrogate pairs become U+FFFD, as in UTF-8. */
export const component = (value: string): string => encodeURIComponent(value.toWellFormed());

/** A phone number as a URI of RFC 3966: separators go, the plus and the star stay, the rest is escaped. */
export const phoneUri = (scheme: string, number: string): string =>
  `${scheme}:${component(number.replace(/[\s().-]/g, ""))
    .replaceAll("%2B", "+")
    .replaceAll("%2A", "*")}`;

/** The argument `phone_number`, which must hold a digit. */
export function phoneNumber(call: Call): string {
  const number = requiredString(call, "phone_number");
  if (/\d/.test(number)) return number;
  throw new HandheldError("invalid-call", `${call.name}.phone_number must hold a digit, got ${JSON.stringify(number)}`);
}

/** A `content://` URI; others (files, web pages, other apps' schemes) are refused, since the value may come from a model. */
export function contentUri(call: Call, key: string, value: string): string {
  if (/^content:\/\/[\w.:@/%~+=&?-]+$/.test(value)) return value;
  throw new HandheldError("invalid-call", `${call.name}.${key} must be a content:// URI, got ${JSON.stringify(value)}`);
}

/** Addresses that a list separated by commas can carry. */
export function separable(call: Call, addresses: string[]): string[] {
  const bad = addresses.find((address) => /[\\,]/.test(address));
  if (bad === undefined) return addresses;
  const rule = "holds a comma or a backslash; give one address per item";
  throw new HandheldError("invalid-call", `${call.name}: address ${JSON.stringify(bad)} ${rule}`);
}
