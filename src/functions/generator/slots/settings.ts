// Settings pages: what people call them, and what they want to do there.

import type { Json } from "../../types.ts";
import { derived, type Slot } from "./slot.ts";

const NOUNS: Record<string, string[]> = {
  wireless: ["wireless", "network", "mobile network", "wireless and networks", "network and internet"],
  airplane_mode: ["airplane mode", "flight mode", "aeroplane mode"],
  wifi: ["wifi", "Wi-Fi", "wi-fi", "WLAN", "wireless LAN"],
  apn: ["APN", "access point name", "access point", "carrier APN"],
  bluetooth: ["bluetooth", "Bluetooth", "bluetooth pairing", "BT"],
  date: ["date and time", "clock", "time zone", "date", "date & time"],
  locale: ["language", "locale", "language and region", "system language", "regional"],
  input_method: ["keyboard", "input method", "on-screen keyboard", "virtual keyboard", "typing"],
  display: ["display", "screen", "brightness", "dark mode", "wallpaper and display"],
  security: ["security", "screen lock", "fingerprint", "lock screen security", "PIN and password"],
  location: ["location", "GPS", "location services", "geolocation"],
  internal_storage: ["internal storage", "storage", "disk space", "phone storage", "device storage"],
  memory_card: ["memory card", "SD card", "sd card storage", "external storage"],
};

/** Wishes, as a verb phrase that fits after "I want to". */
const GOALS: Record<string, string[]> = {
  wireless: ["check my data usage", "turn on mobile data", "set up a hotspot", "change the network options"],
  airplane_mode: ["switch on flight mode", "turn off airplane mode", "go into airplane mode before takeoff"],
  wifi: [
    "connect to a wifi network",
    "join another wi-fi",
    "turn the wifi off",
    "forget a wifi password",
    "find a WLAN",
  ],
  apn: ["edit the access point name", "add a new APN", "fix the carrier APN", "reset the APN"],
  bluetooth: [
    "pair my headphones",
    "connect a bluetooth speaker",
    "turn bluetooth on",
    "unpair the bluetooth keyboard",
  ],
  date: ["change the time zone", "correct the clock", "set the date", "switch to 24-hour time"],
  locale: ["change the system language", "switch the phone to French", "change my region", "set the language to Hindi"],
  input_method: ["change the keyboard", "install another keyboard", "turn off autocorrect", "enable swipe typing"],
  display: ["make the screen brighter", "lower the brightness", "turn on dark mode", "make the text bigger on screen"],
  security: ["change my PIN", "add a fingerprint", "set a screen lock", "change the unlock pattern"],
  location: ["turn off GPS", "switch on location services", "stop apps from seeing my location", "enable the GPS"],
  internal_storage: [
    "free up storage",
    "see how much space is left",
    "check the internal storage",
    "clean up disk space",
  ],
  memory_card: ["eject the SD card", "format the memory card", "see what is on the sd card", "unmount the memory card"],
};

const entries = (table: Record<string, string[]>): [string, Json][] =>
  Object.entries(table).flatMap(([page, texts]) => texts.map((text): [string, Json] => [text, page]));

/** The name of a page, to be followed by "settings": "wifi". */
export const setting: Slot = derived(entries(NOUNS));

/** Something to do on a page: "pair my headphones". */
export const settingGoal: Slot = derived(entries(GOALS));
