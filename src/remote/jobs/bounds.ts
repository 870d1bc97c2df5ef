// Bounds for data whose own schema has none, because this machine makes it, when it comes from another one.
import type * as z from "zod";
import { plainText } from "../messages.ts";

/** What no device measures, and no screen shows: numbers above 10¹⁵, long texts, control characters. @throws Error */
export function checkBounds(value: unknown): void {
  const outside =
    (typeof value === "number" && Math.abs(value) > 1e15) ||
    (typeof value === "string" && !plainText(500).safeParse(value).success);
  if (outside) throw new Error(`a ${typeof value} that no device has: ${String(value).slice(0, 40)}`);
  if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) checkBounds(inner);
}

/** The schema, and {@link checkBounds}. */
export function bounded<S extends z.ZodType>(schema: S): S {
  return schema.refine(
    (value) => {
      try {
        checkBounds(value);
        return true;
      } catch {
        return false;
      }
    },
    { error: "it has a number or a text that no device has" },
  );
}
