// The built-in catalogue: 24 things an Android device can do for its user, as function schemas. The set follows the
// DroidCall data set; names and arguments are ours. Add a function: one entry in a group file, phrasings for it in
// ../generator/phrasings, and its intent in ../executors/intents.

import type { FunctionSchema } from "../types.ts";
import { CLOCK_FUNCTIONS } from "./clock.ts";
import { COMMUNICATION_FUNCTIONS } from "./communication.ts";
import { CONTACT_FUNCTIONS } from "./contacts.ts";
import { DEVICE_AND_WEB_FUNCTIONS } from "./device-and-web.ts";
import { MEDIA_AND_FILE_FUNCTIONS } from "./media-and-files.ts";

export { WEEKDAYS } from "./clock.ts";
export { SETTINGS_PAGES } from "./device-and-web.ts";
export { MIME_TYPES } from "./media-and-files.ts";

/** The 24 functions of the built-in Android catalogue. */
export const ANDROID_CATALOGUE: readonly FunctionSchema[] = [
  ...CLOCK_FUNCTIONS,
  ...COMMUNICATION_FUNCTIONS,
  ...CONTACT_FUNCTIONS,
  ...MEDIA_AND_FILE_FUNCTIONS,
  ...DEVICE_AND_WEB_FUNCTIONS,
];
