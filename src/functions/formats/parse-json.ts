// Text of the formats json and json_short -> calls: a list of objects, or one object after another.

import type { Call, Json } from "../types.ts";
import { Reader } from "./reader.ts";

/** The calls in `text`; throws HandheldError "invalid-call". */
export function parseJsonCalls(text: string): Call[] {
  const reader = new Reader(text);
  const calls: Call[] = [];
  reader.skipSpace();
  if (reader.take("[")) reader.list("]", () => calls.push(parseCall(reader)));
  else {
    for (; !reader.atEnd; reader.skipSpace()) calls.push(parseCall(reader));
  }
  reader.skipSpace();
  if (!reader.atEnd) throw reader.expected("the end of the answer");
  return calls;
}

function parseCall(reader: Reader): Call {
  let name: string | undefined;
  let given: Json | undefined;
  reader.need("{");
  reader.list("}", () => {
    const key = reader.string("a key");
    reader.need(":");
    if (key === "name" || key === "f") name = reader.string("the function's name");
    else if (key === "arguments" || key === "a") given = reader.value(false);
    else throw reader.expected(`"name" or "arguments", not "${key}", before this value`);
  });
  if (name === undefined) throw reader.expected('a call with a "name" before this point');
  if (given === undefined || given === null) return { name, arguments: {} };
  if (typeof given !== "object" || Array.isArray(given))
    throw reader.expected('"arguments" as an object before this point');
  return { name, arguments: given };
}
