// Intents of contacts (android.provider.ContactsContract).

import { HandheldError } from "../../../errors.ts";
import type { Call } from "../../types.ts";
import { chosenFrom, fieldsOf, requiredString } from "../arguments.ts";
import type { Extra, IntentBuilder } from "./intent.ts";

const CONTACT_EXTRAS = { name: "name", phone: "phone", email: "email", company: "company", address: "postal" } as const;

function contactExtras(call: Call): Extra[] {
  return Object.entries(fieldsOf(call, "contact_info")).map(([field, value]) => ({
    type: "string",
    key: chosenFrom(call, "contact_info", field, CONTACT_EXTRAS),
    value,
  }));
}

/** Contact URIs only: a model must not be able to open any other. */
function contactUri(call: Call): string {
  const value = requiredString(call, "contact_uri");
  if (!/^content:\/\/[\w./%-]*contacts[\w./%-]*$/.test(value)) {
    throw new HandheldError(
      "invalid-call",
      `${call.name}.contact_uri must be a content:// URI of a contact, got ${JSON.stringify(value)}`,
    );
  }
  return value;
}

export const CONTACT_INTENTS: Readonly<Record<string, IntentBuilder>> = {
  view_contact: (call) => ({ action: "android.intent.action.VIEW", data: contactUri(call), extras: [] }),
  edit_contact: (call) => ({
    action: "android.intent.action.EDIT",
    data: contactUri(call),
    mimeType: "vnd.android.cursor.item/contact",
    extras: contactExtras(call),
  }),
  insert_contact: (call) => ({
    action: "android.intent.action.INSERT",
    mimeType: "vnd.android.cursor.dir/contact",
    extras: contactExtras(call),
  }),
};
