// What a web page can do by opening a URL: tel:, sms:, mailto:, geo: and https. Settings, alarms and contacts need an
// app: browsers offer `intent:` URIs to activities that are marked browsable only, and clock and settings apps are not.

import { HandheldError } from "../../errors.ts";
import type { Call } from "../types.ts";
import { cannotExpress, chosenFrom, requiredString, stringOf, stringsOf } from "./arguments.ts";
import { defineExecutor, type Executor } from "./executor.ts";
import { geoUri, SEARCH_URLS } from "./intents/device.ts";
import { refuseReferences } from "./intents/index.ts";
import { component, phoneNumber, phoneUri } from "./intents/intent.ts";

type UrlBuilder = (call: Call) => string;

const DEVICE = "a web page";

function query(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? "" : `?${given.map(([key, value]) => `${key}=${component(value)}`).join("&")}`;
}

function withoutAttachments(call: Call): void {
  if (stringsOf(call, "attachments").length > 0) throw cannotExpress(call, DEVICE, "a URL carries no attachments");
}

function messageUrl(call: Call): string {
  withoutAttachments(call);
  return phoneUri("sms", phoneNumber(call)) + query({ body: stringOf(call, "body") });
}

function mailUrl(call: Call): string {
  withoutAttachments(call);
  const list = (key: string): string | undefined => stringsOf(call, key).join(",") || undefined;
  const to = stringsOf(call, "to");
  if (to.length === 0)
    throw new HandheldError("invalid-call", "send_email.to must name at least one recipient, got none");
  const fields = { cc: list("cc"), bcc: list("bcc"), subject: stringOf(call, "subject"), body: stringOf(call, "body") };
  return `mailto:${to.map((address) => component(address).replaceAll("%40", "@")).join(",")}${query(fields)}`;
}

const URLS: ReadonlyMap<string, UrlBuilder> = new Map<string, UrlBuilder>([
  ["dial", (call) => phoneUri("tel", phoneNumber(call))],
  ["send_message", messageUrl],
  ["send_email", mailUrl],
  ["search_location", (call) => geoUri(requiredString(call, "query"))],
  [
    "web_search",
    (call) => {
      const base = chosenFrom(call, "engine", stringOf(call, "engine") ?? "google", SEARCH_URLS);
      return base + component(requiredString(call, "query"));
    },
  ],
]);

export interface WebOptions {
  /** Opens a URL, for example `(url) => location.assign(url)`; without it nothing is ever opened. */
  open?: ((url: string) => void) | undefined;
}

/** An executor for a page: the command of a call is one URL. */
export function createWebExecutor({ open }: WebOptions = {}): Executor {
  const urlFor = (call: Call): string => {
    const build = URLS.get(call.name);
    if (build === undefined) throw cannotExpress(call, DEVICE, "no URL does this; use adb or Termux");
    refuseReferences(call, DEVICE);
    return build(call);
  };
  return defineExecutor({
    name: "web",
    commandFor: (call) => [urlFor(call)],
    describe: urlFor,
    run:
      open === undefined
        ? null
        : async ([url]) => {
            open(url as string);
            return "";
          },
  });
}
