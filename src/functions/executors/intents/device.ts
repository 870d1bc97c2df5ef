// Intents of cameras, settings pages, web search and maps.

import type { Call } from "../../types.ts";
import { chosenFrom, requiredString, stringOf } from "../arguments.ts";
import { component, type Intent, type IntentBuilder, plain } from "./intent.ts";

const SETTINGS_ACTIONS: Readonly<Record<string, string>> = {
  general: "SETTINGS",
  wireless: "WIRELESS_SETTINGS",
  airplane_mode: "AIRPLANE_MODE_SETTINGS",
  wifi: "WIFI_SETTINGS",
  apn: "APN_SETTINGS",
  bluetooth: "BLUETOOTH_SETTINGS",
  date: "DATE_SETTINGS",
  locale: "LOCALE_SETTINGS",
  input_method: "INPUT_METHOD_SETTINGS",
  display: "DISPLAY_SETTINGS",
  security: "SECURITY_SETTINGS",
  location: "LOCATION_SOURCE_SETTINGS",
  internal_storage: "INTERNAL_STORAGE_SETTINGS",
  memory_card: "MEMORY_CARD_SETTINGS",
};

/** Result pages of the engines that web_search may name. */
export const SEARCH_URLS: Readonly<Record<string, string>> = {
  google: "https://www.google.com/search?q=",
  baidu: "https://www.baidu.com/s?wd=",
};

function webSearch(call: Call): Intent {
  const query = requiredString(call, "query");
  const engine = stringOf(call, "engine");
  if (engine === undefined) {
    return { action: "android.intent.action.WEB_SEARCH", extras: [{ type: "string", key: "query", value: query }] };
  }
  const base = chosenFrom(call, "engine", engine, SEARCH_URLS);
  return { action: "android.intent.action.VIEW", data: base + component(query), extras: [] };
}

/** A place as a query for any map app. */
export const geoUri = (query: string): string => `geo:0,0?q=${component(query)}`;

export const DEVICE_INTENTS: Readonly<Record<string, IntentBuilder>> = {
  open_camera: plain("android.media.action.STILL_IMAGE_CAMERA"),
  open_video_camera: plain("android.media.action.VIDEO_CAMERA"),
  open_settings: (call) => {
    const page = chosenFrom(call, "setting_type", stringOf(call, "setting_type") ?? "general", SETTINGS_ACTIONS);
    return { action: `android.settings.${page}`, extras: [] };
  },
  web_search: webSearch,
  search_location: (call) => ({
    action: "android.intent.action.VIEW",
    data: geoUri(requiredString(call, "query")),
    extras: [],
  }),
};
