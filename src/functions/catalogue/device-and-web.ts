// Settings pages, web search and maps of the Android catalogue.

import type { FunctionSchema } from "../types.ts";

/** Pages that `open_settings` can open. */
export const SETTINGS_PAGES = [
  "general",
  "wireless",
  "airplane_mode",
  "wifi",
  "apn",
  "bluetooth",
  "date",
  "locale",
  "input_method",
  "display",
  "security",
  "location",
  "internal_storage",
  "memory_card",
] as const;

export const DEVICE_AND_WEB_FUNCTIONS: readonly FunctionSchema[] = [
  {
    name: "open_settings",
    description: "Opens a page of the system settings.",
    parameters: {
      type: "object",
      properties: {
        setting_type: {
          type: "string",
          description: "The page; the start page when left out.",
          enum: [...SETTINGS_PAGES],
          default: "general",
        },
      },
    },
  },
  {
    name: "web_search",
    description: "Searches the web.",
    parameters: {
      type: "object",
      properties: {
        query: { type: "string", description: "What to search for.", extractive: true },
        engine: {
          type: "string",
          description: "Search engine; the device's own when left out.",
          enum: ["google", "baidu"],
        },
      },
      required: ["query"],
    },
  },
  {
    name: "search_location",
    description: "Looks a place up on the map.",
    parameters: {
      type: "object",
      properties: { query: { type: "string", description: "Name, kind or address of the place.", extractive: true } },
      required: ["query"],
    },
  },
];
