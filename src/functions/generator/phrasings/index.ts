// All families of phrasings. A new one: an entry in a file of this folder, or a new file and one line here.

import { CALENDAR_FAMILIES } from "./calendar.ts";
import { CALL_AND_MESSAGE_FAMILIES } from "./calls-and-messages.ts";
import { CLOCK_FAMILIES } from "./clock.ts";
import { CONTACT_URI_FAMILIES } from "./contact-uris.ts";
import { CONTACT_FAMILIES } from "./contacts.ts";
import { DEVICE_AND_WEB_FAMILIES } from "./device-and-web.ts";
import { EMAIL_FAMILIES } from "./email.ts";
import type { Family } from "./family.ts";
import { FILE_FAMILIES } from "./files.ts";
import { MEDIA_FAMILIES } from "./media.ts";
import { NESTED_MEDIA_FAMILIES } from "./nested-media.ts";
import { NESTED_PEOPLE_FAMILIES } from "./nested-people.ts";
import { NESTED_PICK_FAMILIES } from "./nested-picks.ts";

export type { CallTemplate, Family } from "./family.ts";

export const FAMILIES: readonly Family[] = [
  ...CLOCK_FAMILIES,
  ...CALL_AND_MESSAGE_FAMILIES,
  ...EMAIL_FAMILIES,
  ...CALENDAR_FAMILIES,
  ...CONTACT_FAMILIES,
  ...CONTACT_URI_FAMILIES,
  ...MEDIA_FAMILIES,
  ...FILE_FAMILIES,
  ...DEVICE_AND_WEB_FAMILIES,
  ...NESTED_PEOPLE_FAMILIES,
  ...NESTED_MEDIA_FAMILIES,
  ...NESTED_PICK_FAMILIES,
];
