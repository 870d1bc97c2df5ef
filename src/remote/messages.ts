// What this machine and a device say to each other, whatever carries it: commands there, replies back. Schemas, because
// neither side believes the other.
import * as z from "zod";

/** Text that is printed somewhere: no line breaks, no control sequences of a terminal, nothing invisible. */
export const plainText = (mostCharacters: number) =>
  z
    .string()
    .max(mostCharacters)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, "text without control characters is expected");

const id = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31);
const text = z.string().max(2000);
const amount = z.number().min(0).max(1e12);

/** To a device. `close`: nothing more will come. */
export const commandSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("run"), id, job: z.string().max(64), params: z.unknown() }),
  z.strictObject({ type: z.literal("abort"), id }),
  z.strictObject({ type: z.literal("close"), reason: plainText(400) }),
]);

/** To a device. */
export type Command = z.infer<typeof commandSchema>;

/** From a device: about a job, by the id of its `run`, except `note`, which may come at any time. */
export const replySchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("progress"),
    id,
    done: amount,
    total: amount.nullable(),
    note: plainText(200),
  }),
  z.strictObject({ type: z.literal("part"), id, value: z.unknown() }),
  z.strictObject({ type: z.literal("result"), id, value: z.unknown() }),
  z.strictObject({
    type: z.literal("error"),
    id,
    error: z.strictObject({ code: z.string().max(40).nullable(), message: text }),
  }),
  z.strictObject({ type: z.literal("note"), text: plainText(400) }),
]);

/** From a device. */
export type Reply = z.infer<typeof replySchema>;
