// The slots that phrasings may use. A new slot: one function in a file of this folder and one line here.

import { date, dateRange, dateTime } from "./dates.ts";
import { aFileType, fileName, fileType, fileTypes, newFileNoun, newFileType } from "./files.ts";
import { company, contactUri, email, fileUri, name, newName, phone } from "./people.ts";
import { aPiece, piece } from "./pieces.ts";
import { address, namedPlace, placeKind, placeNear, venue } from "./places.ts";
import { searchQuery } from "./queries.ts";
import { setting, settingGoal } from "./settings.ts";
import { copied, derived, type Slot } from "./slot.ts";
import { eventTitle, fileStem, label, message, notes, subject, task } from "./texts.ts";
import { days, duration, plainDuration, skipUi, time, timeToday, vibrate } from "./times.ts";

export type { Slot, SlotContext, SlotValue } from "./slot.ts";

/** All slots by the name that templates use. */
export const SLOTS: Record<string, Slot> = {
  time,
  days,
  time_today: timeToday,
  duration,
  plain_duration: plainDuration,
  vibrate,
  skip_ui: skipUi,
  silent: copied(["silent"]),
  date,
  date_time: dateTime,
  date_range: dateRange,
  name,
  new_name: newName,
  phone,
  email,
  company,
  contact_uri: contactUri,
  file_uri: fileUri,
  address,
  place: namedPlace,
  place_kind: placeKind,
  place_near: placeNear,
  venue,
  message,
  task,
  label,
  title: eventTitle,
  subject,
  notes,
  file_stem: fileStem,
  file_name: fileName,
  file_type: fileType,
  a_file_type: aFileType,
  file_types: fileTypes,
  new_file_type: newFileType,
  new_file_noun: newFileNoun,
  query: searchQuery,
  setting,
  setting_goal: settingGoal,
  engine: derived([
    ["google", "google"],
    ["Google", "google"],
    ["baidu", "baidu"],
    ["Baidu", "baidu"],
  ]),
  piece,
  a_piece: aPiece,
};
