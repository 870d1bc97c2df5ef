// The calls that send what an earlier call has captured or chosen; nested-photos.ts, nested-videos.ts and
// nested-files.ts share them.

import type { CallTemplate } from "./family.ts";

/** A mail that carries the result of the first call. */
export const MAIL: CallTemplate = {
  name: "send_email",
  arguments: { to: ["$email"], subject: "$subject", body: "$message", attachments: ["result1"] },
};

/** A text message that carries the result of the first call. */
export const TEXT: CallTemplate = {
  name: "send_message",
  arguments: { phone_number: "$phone", body: "$message", attachments: ["result1"] },
};
