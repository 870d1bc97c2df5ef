// Calls of the built-in catalogue as Android intents. Nothing here knows how an intent is started: see am.ts.

import type { Call } from "../../types.ts";
import { cannotExpress, findReference } from "../arguments.ts";
import { CALENDAR_INTENTS } from "./calendar.ts";
import { CLOCK_INTENTS } from "./clock.ts";
import { COMMUNICATION_INTENTS } from "./communication.ts";
import { CONTACT_INTENTS } from "./contacts.ts";
import { DEVICE_INTENTS } from "./device.ts";
import type { Intent, IntentBuilder } from "./intent.ts";

export type { Extra, Intent } from "./intent.ts";

const BUILDERS: ReadonlyMap<string, IntentBuilder> = new Map(
  Object.entries({
    ...CLOCK_INTENTS,
    ...COMMUNICATION_INTENTS,
    ...CALENDAR_INTENTS,
    ...CONTACT_INTENTS,
    ...DEVICE_INTENTS,
  }),
);

/** Functions that return a value, which a started activity cannot hand back, and what they return. */
const RETURNS_VALUES: ReadonlyMap<string, string> = new Map([
  ["get_contact_info", "data from the address book"],
  ["get_contact_info_from_uri", "data from the address book"],
  ["pick_contact", "the chosen contact"],
  ["capture_photo", "the picture"],
  ["capture_video", "the video"],
  ["get_ringtone", "the chosen sound"],
  ["get_content", "the chosen files"],
  ["open_document", "the opened documents"],
  ["create_document", "the new document"],
]);

/** The intent of a call; `device` names the executor in errors. Throws `unsupported` or `invalid-call`. */
export function intentFor(call: Call, device: string, now: Date): Intent {
  const returned = RETURNS_VALUES.get(call.name);
  if (returned !== undefined) {
    throw cannotExpress(
      call,
      device,
      `it returns ${returned}, and a started activity hands nothing back; call it from an app`,
    );
  }
  const build = BUILDERS.get(call.name);
  if (build === undefined) throw cannotExpress(call, device, "no Android intent is known for it");
  refuseReferences(call, device);
  return build(call, device, now);
}

/** Throws `unsupported` for a call that takes the result of an earlier one. */
export function refuseReferences(call: Call, device: string): void {
  const reference = findReference(call.arguments);
  if (reference === undefined) return;
  throw cannotExpress(
    call,
    device,
    `it needs ${reference}, which an earlier call returns inside an app only; give the value itself`,
  );
}
