// Intents of calls, text messages and e-mail.

import { HandheldError } from "../../../errors.ts";
import type { Call } from "../../types.ts";
import { cannotExpress, stringOf, stringsOf } from "../arguments.ts";
import {
  component,
  contentUri,
  EXTRA,
  type Extra,
  extras,
  type Intent,
  type IntentBuilder,
  phoneNumber,
  phoneUri,
  separable,
  text,
} from "./intent.ts";

function sendMessage(call: Call, device: string): Intent {
  const number = phoneNumber(call);
  const attachments = stringsOf(call, "attachments");
  const content = [text("subject", stringOf(call, "subject")), text("sms_body", stringOf(call, "body"))];
  if (attachments.length === 0) {
    return { action: "android.intent.action.SENDTO", data: phoneUri("smsto", number), extras: extras(...content) };
  }
  return {
    action: "android.intent.action.SEND",
    mimeType: "*/*",
    extras: extras(
      { type: "string", key: "address", value: number },
      ...content,
      attachment(call, device, attachments),
    ),
  };
}

function sendEmail(call: Call, device: string): Intent {
  const to = stringsOf(call, "to");
  if (to.length === 0)
    throw new HandheldError("invalid-call", "send_email.to must name at least one recipient, got none");
  const attachments = stringsOf(call, "attachments");
  const rest = [
    addressList(call, "CC", stringsOf(call, "cc")),
    addressList(call, "BCC", stringsOf(call, "bcc")),
    text(`${EXTRA}SUBJECT`, stringOf(call, "subject")),
    text(`${EXTRA}TEXT`, stringOf(call, "body")),
  ];
  if (attachments.length === 0) {
    const data = `mailto:${to.map((address) => component(address).replaceAll("%40", "@")).join(",")}`;
    return { action: "android.intent.action.SENDTO", data, extras: extras(...rest) };
  }
  return {
    action: "android.intent.action.SEND",
    mimeType: "message/rfc822",
    extras: extras(addressList(call, "EMAIL", to), ...rest, attachment(call, device, attachments)),
  };
}

function addressList(call: Call, key: string, value: string[]): Extra | undefined {
  return value.length === 0 ? undefined : { type: "strings", key: `${EXTRA}${key}`, value: separable(call, value) };
}

function attachment(call: Call, device: string, uris: string[]): Extra {
  const [first, ...more] = uris;
  if (more.length > 0) throw cannotExpress(call, device, "a command can attach one file only; attach them one by one");
  return { type: "uri", key: `${EXTRA}STREAM`, value: contentUri(call, "attachments", first as string) };
}

export const COMMUNICATION_INTENTS: Readonly<Record<string, IntentBuilder>> = {
  dial: (call) => ({ action: "android.intent.action.DIAL", data: phoneUri("tel", phoneNumber(call)), extras: [] }),
  send_message: sendMessage,
  send_email: sendEmail,
};
