// The call formats by name. A new format is one file and one line here.

import { HandheldError, suggest } from "../../errors.ts";
import { code } from "./code.ts";
import { codeShort } from "./code-short.ts";
import type { CallFormat } from "./format.ts";
import { json } from "./json.ts";
import { jsonShort } from "./json-short.ts";

/** All call formats. */
export const callFormats: { readonly [name: string]: CallFormat } = {
  json,
  json_short: jsonShort,
  code,
  code_short: codeShort,
};

/** The format called `name`; throws HandheldError "invalid-option" when there is none. */
export function getCallFormat(name: string): CallFormat {
  const format = Object.hasOwn(callFormats, name) ? callFormats[name] : undefined;
  if (format) return format;
  const known = Object.keys(callFormats);
  throw new HandheldError(
    "invalid-option",
    `call format "${name}" is not one of ${known.join(", ")}${suggest(name, known)}`,
  );
}
