// Text of the formats code and code_short -> calls: name(argument=value, …), one per line, with or without "resultN =".

import type { Call, Json } from "../types.ts";
import { Reader } from "./reader.ts";

const RESULT = /result[1-9]\d*\s*=(?!=)/y;

/** The calls in `text`; throws HandheldError "invalid-call". A result must be numbered by its line. */
export function parseCodeCalls(text: string): Call[] {
  const reader = new Reader(text);
  const calls: Call[] = [];
  for (reader.skipSpace(); !reader.atEnd; reader.skipSpace()) {
    const result = reader.match(RESULT);
    if (result !== undefined && Number.parseInt(result.slice(6), 10) !== calls.length + 1) {
      throw reader.expected(
        `result${calls.length + 1} as the name of this result, not ${result.slice(0, -1).trim()}, before`,
      );
    }
    calls.push(parseCall(reader));
  }
  return calls;
}

function parseCall(reader: Reader): Call {
  const name = reader.name("a function's name");
  const entries = new Map<string, Json>();
  reader.need("(");
  reader.list(")", () => {
    const key = reader.name("an argument's name");
    if (entries.has(key)) throw reader.expected(`another argument, not "${key}" a second time, before`);
    reader.need("=");
    entries.set(key, reader.value(true));
  });
  return { name, arguments: Object.fromEntries(entries) };
}
