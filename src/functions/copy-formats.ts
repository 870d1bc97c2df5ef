// Formats of copied values: what an e-mail address, a phone number and a URI look like in a query. A value of such a
// format is copied from one of these stretches and from nowhere else, so no model can dial a street.

import { type SpanEdges, spanEdges } from "./spans.ts";
import type { ParameterSchema } from "./types.ts";

/** Values of JSON Schema's `format` that restrict what an extractive string may copy; others are not checked. */
export const COPY_FORMATS = ["email", "phone", "uri"] as const;
export type CopyFormat = (typeof COPY_FORMATS)[number];

/** A part of a query and where, in UTF-16 offsets of the part, values may start and end. */
export interface Stretch extends SpanEdges {
  text: string;
}

// A phone number is a run of digits and what stands between them; where it ends is the model's to say. The look-behinds
// keep the time linear: no match is tried from inside a word.
const PATTERNS: Record<CopyFormat, RegExp> = {
  email: /(?<![^\s@,;:"'<>()[\]])[^\s@,;:"'<>()[\]]+@[^\s@,;:"'<>()[\]]*[\p{L}\p{N}]/gu,
  phone: /(?<![+(])[+(]*\p{Nd}[\p{Nd}\s().+-]*/gu,
  uri: /(?<![a-z\d+.-])[a-z][a-z\d+.-]*:\/\/[^\s"'<>]*[\p{L}\p{N}/]/giu,
};
const FEWEST_DIGITS = 3;

/** The format that restricts what `schema` may copy, if any. */
export function copyFormatOf(schema: ParameterSchema): CopyFormat | undefined {
  if (schema.type !== "string" || !schema.extractive || schema.enum) return undefined;
  return COPY_FORMATS.find((format) => format === schema.format);
}

/** The stretches of `query` from which values of `format` are copied; none when it holds no such value. */
export function stretches(query: string, format: CopyFormat): Stretch[] {
  const found = [...query.matchAll(PATTERNS[format])].map(([text]) => text);
  if (format !== "phone") return found.map((text) => ({ text, starts: [0], ends: [text.length] }));
  return found.filter((text) => (text.match(/\p{Nd}/gu)?.length ?? 0) >= FEWEST_DIGITS).map(phoneStretch);
}

/** Numbers start with a digit, `+` or `(` and end with a digit or `)`; what follows the last such end is cut off. */
function phoneStretch(run: string): Stretch {
  const text = run.replace(/[^\p{Nd})]+$/u, "");
  const { starts, ends } = spanEdges(text);
  return {
    text,
    starts: starts.filter((at) => /[+(\p{Nd}]/u.test(text.charAt(at))),
    ends: ends.filter((at) => /[)\p{Nd}]/u.test(text.charAt(at - 1))),
  };
}

/** Whether `value` may be copied from `query` as `format`. */
export function hasFormat(value: string, query: string, format: CopyFormat): boolean {
  return stretches(query, format).some(({ text, starts, ends }) =>
    starts.some((start) => text.startsWith(value, start) && ends.includes(start + value.length)),
  );
}
