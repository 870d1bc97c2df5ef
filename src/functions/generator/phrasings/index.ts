// All families of phrasings. A new one: an entry in a file of this folder, or a new file and one line here.
//
// The rules by which a query determines its answer, so that no text has two:
//   arguments   only those that the query asks for; arguments in the order of the schema;
//   copies      a copied value is a span of whole words, without quotes, final punctuation, "please" or "my" ("my mom" is "mom");
//   times       as said unless a part of day or am/pm names the half of the day (../slots/times.ts);
//   dates       a year only where it is said; today, tomorrow and weekdays stay words (../slots/dates.ts);
//   files       "open", "read", "view", "edit" a file is open_document; "pick", "choose", "upload" … is get_content;
//   cameras     a picture or recording is capture_*; the camera itself is open_camera or open_video_camera;
//   people      a name instead of a number, address or URI is looked up first, and `resultN` stands for what was found;
//   searches    places and ways are search_location; facts are web_search; an engine that is named is `engine`;
//   reminders   at a time of day they are alarms, after a duration they are timers.

import { ALARM_FAMILIES } from "./alarms.ts";
import { CALENDAR_FAMILIES } from "./calendar.ts";
import { CALENDAR_SPAN_FAMILIES } from "./calendar-spans.ts";
import { CALL_FAMILIES } from "./calls.ts";
import { CAMERA_FAMILIES } from "./cameras.ts";
import { CONTACT_URI_FAMILIES } from "./contact-uris.ts";
import { CONTACT_FAMILIES } from "./contacts.ts";
import { EMAIL_FAMILIES } from "./email.ts";
import type { Family } from "./family.ts";
import { FILE_FAMILIES } from "./files.ts";
import { MAP_SEARCH_FAMILIES } from "./map-search.ts";
import { MEDIA_FAMILIES } from "./media.ts";
import { MESSAGE_FAMILIES } from "./messages.ts";
import { NESTED_CALL_FAMILIES } from "./nested-calls.ts";
import { NESTED_CONTACT_FAMILIES } from "./nested-contacts.ts";
import { NESTED_EMAIL_FAMILIES } from "./nested-email.ts";
import { NESTED_FILE_FAMILIES } from "./nested-files.ts";
import { NESTED_MESSAGE_FAMILIES } from "./nested-messages.ts";
import { NESTED_PHOTO_FAMILIES } from "./nested-photos.ts";
import { NESTED_PICK_FAMILIES } from "./nested-picks.ts";
import { NESTED_RINGTONE_FAMILIES } from "./nested-ringtones.ts";
import { NESTED_VIDEO_FAMILIES } from "./nested-videos.ts";
import { NEW_CONTACT_FAMILIES } from "./new-contacts.ts";
import { NEW_FILE_FAMILIES } from "./new-files.ts";
import { PICK_CONTACT_FAMILIES } from "./pick-contacts.ts";
import { RINGTONE_FAMILIES } from "./ringtones.ts";
import { SETTINGS_FAMILIES } from "./settings.ts";
import { SHOW_ALARM_FAMILIES } from "./show-alarms.ts";
import { TIMER_FAMILIES } from "./timers.ts";
import { WEB_SEARCH_FAMILIES } from "./web-search.ts";

export type { CallTemplate, Family } from "./family.ts";

export const FAMILIES: readonly Family[] = [
  ...ALARM_FAMILIES,
  ...SHOW_ALARM_FAMILIES,
  ...TIMER_FAMILIES,
  ...CALL_FAMILIES,
  ...MESSAGE_FAMILIES,
  ...EMAIL_FAMILIES,
  ...CALENDAR_FAMILIES,
  ...CALENDAR_SPAN_FAMILIES,
  ...CONTACT_FAMILIES,
  ...NEW_CONTACT_FAMILIES,
  ...PICK_CONTACT_FAMILIES,
  ...CONTACT_URI_FAMILIES,
  ...MEDIA_FAMILIES,
  ...CAMERA_FAMILIES,
  ...RINGTONE_FAMILIES,
  ...FILE_FAMILIES,
  ...NEW_FILE_FAMILIES,
  ...SETTINGS_FAMILIES,
  ...WEB_SEARCH_FAMILIES,
  ...MAP_SEARCH_FAMILIES,
  ...NESTED_CALL_FAMILIES,
  ...NESTED_MESSAGE_FAMILIES,
  ...NESTED_EMAIL_FAMILIES,
  ...NESTED_CONTACT_FAMILIES,
  ...NESTED_PHOTO_FAMILIES,
  ...NESTED_VIDEO_FAMILIES,
  ...NESTED_FILE_FAMILIES,
  ...NESTED_PICK_FAMILIES,
  ...NESTED_RINGTONE_FAMILIES,
];
