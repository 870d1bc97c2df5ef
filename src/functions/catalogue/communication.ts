// Calls, text messages, e-mail and the calendar of the Android catalogue.

import type { FunctionSchema, ParameterSchema } from "../types.ts";

const addresses = (description: string): ParameterSchema => ({
  type: "array",
  description,
  items: { type: "string", extractive: true, format: "email" },
});

const ATTACHMENTS: ParameterSchema = {
  type: "array",
  description: "URIs of files to attach, such as the result of capture_photo or get_content.",
  items: { type: "string", extractive: true, format: "uri" },
};

const PHONE_NUMBER: ParameterSchema = {
  type: "string",
  description: "Number as said, or the result of a look-up.",
  extractive: true,
  format: "phone",
};

const DATE_TIME =
  "Local time `DATE`T`HH:MM`, or the date alone. DATE is YYYY-MM-DD, MM-DD (its next occurrence), today, tomorrow or a weekday (the next one).";

export const COMMUNICATION_FUNCTIONS: readonly FunctionSchema[] = [
  {
    name: "dial",
    description: "Opens the phone app with a number ready to call.",
    parameters: { type: "object", properties: { phone_number: PHONE_NUMBER }, required: ["phone_number"] },
  },
  {
    name: "send_message",
    description: "Starts a text message to a phone number.",
    parameters: {
      type: "object",
      properties: {
        phone_number: PHONE_NUMBER,
        subject: { type: "string", description: "Subject line.", extractive: true },
        body: { type: "string", description: "Text of the message.", extractive: true },
        attachments: ATTACHMENTS,
      },
      required: ["phone_number"],
    },
  },
  {
    name: "send_email",
    description: "Starts an e-mail.",
    parameters: {
      type: "object",
      properties: {
        to: addresses("Recipients."),
        subject: { type: "string", description: "Subject line.", extractive: true },
        body: { type: "string", description: "Text of the mail.", extractive: true },
        cc: addresses("Recipients in copy."),
        bcc: addresses("Recipients in blind copy."),
        attachments: ATTACHMENTS,
      },
      required: ["to"],
    },
  },
  {
    name: "insert_event",
    description: "Opens the form for a new calendar entry, filled in.",
    parameters: {
      type: "object",
      properties: {
        title: { type: "string", description: "Title of the entry.", extractive: true },
        description: { type: "string", description: "Notes.", extractive: true },
        location: { type: "string", description: "Where it takes place.", extractive: true },
        all_day: { type: "boolean", description: "true when it fills the day." },
        begin_time: { type: "string", description: `Start. ${DATE_TIME}` },
        end_time: { type: "string", description: `End. ${DATE_TIME}` },
        emails: addresses("Invited people."),
      },
      required: ["title"],
    },
  },
];
