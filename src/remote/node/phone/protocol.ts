// The requests of the phone's page, as schemas. Secrets go in the `authorization` header, never in a URL.
//
//   POST /api/join      { token, key, boot, page }   the token of the link, once; `key` is the page's secret from then on
//   GET  /api/commands?after=<n>                     commands after the first n; waits for one (long poll)
//   POST /api/replies   { from, replies }            replies, numbered from `from` on; answers how many have come
import * as z from "zod";

const secret = z.string().regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits are expected");

export const joinBody = z.strictObject({
  /** From the link; null for a page that joined before and was loaded anew. */
  token: secret.nullable(),
  key: secret,
  boot: secret,
  page: z.strictObject({
    userAgent: z.string().max(1000),
    secure: z.boolean(),
    isolated: z.boolean(),
    wakeLock: z.boolean(),
    cores: z.number().int().min(1).max(4096),
  }),
});

export const repliesBody = z.strictObject({
  boot: secret,
  from: z
    .number()
    .int()
    .min(1)
    .max(2 ** 40),
  replies: z.array(z.unknown()).max(10_000),
});

export const commandsQuery = z.object({
  boot: secret,
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 40),
});
