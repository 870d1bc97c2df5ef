// The calls in what a model wrote: JSON or lines of code, wherever they stand in the text, in the forms that models use.
import { referenceName } from "../../functions/references.ts";
import type { Call, FunctionSchema, Json } from "../../functions/types.ts";
import { readLiteral, skipSpace } from "./lenient.ts";

/** A call as it was written, with what it calls its result. */
interface WrittenCall extends Call {
  id: string;
}

/**
 * The calls of an answer, in its order; null when it has none. Read are
 * - JSON objects and lists of them, alone, in a code fence or after other words: `{"name": …, "arguments": {…}}`, also with
 *   `parameters` or `args`, inside `function` or `tool_calls`, with arguments as a JSON text, and `{"API": "f(x=1)"}`;
 * - code: `f(x=1)`, one after another, with or without `result1 =` before them, with arguments by name or by place.
 *
 * A result that a later call uses (`#0`, `result1`) becomes `resultN` for the Nth call, whatever it was called.
 */
export function parseAnswer(text: string, functions: ReadonlyMap<string, FunctionSchema>): Call[] | null {
  const fromJson = jsonCalls(text, functions);
  const written = fromJson.length > 0 ? fromJson : codeCalls(text, functions);
  return written.length === 0 ? null : named(written);
}

/** The written calls, with references by number. */
function named(written: readonly WrittenCall[]): Call[] {
  return written.map(({ name, arguments: given }, index) => {
    const known = new Map(written.slice(0, index).map(({ id }, i) => [id, referenceName(i + 1)]));
    const rename = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(rename);
      if (typeof value === "string")
        return known.get(/^(?:#|\$?result_?)(\d+)$/.exec(value.trim())?.[1] ?? "") ?? value;
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rename(inner)]));
    };
    return { name, arguments: rename(given) as Call["arguments"] };
  });
}

function jsonCalls(text: string, functions: ReadonlyMap<string, FunctionSchema>): WrittenCall[] {
  const calls: WrittenCall[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "{" && text[at] !== "[") continue;
    const found = readLiteral(text, at, () => false);
    const own = found ? callsIn(found.value, functions, calls.length) : [];
    if (!found || own.length === 0) continue;
    calls.push(...own);
    at = found.end - 1;
  }
  return calls;
}

/** The calls that a JSON value is or holds. */
function callsIn(value: Json, functions: ReadonlyMap<string, FunctionSchema>, before: number): WrittenCall[] {
  if (Array.isArray(value)) {
    const calls: WrittenCall[] = [];
    for (const item of value) calls.push(...callsIn(item, functions, before + calls.length));
    return calls;
  }
  if (typeof value !== "object" || value === null) return [];
  const field = (...names: string[]): Json | undefined => {
    const name = names.find((key) => Object.hasOwn(value, key));
    return name === undefined ? undefined : value[name];
  };
  const inner = field("tool_calls", "calls", "function_call", "function");
  if (typeof inner === "object" && inner !== null) return callsIn(inner, functions, before);
  const code = field("API", "api");
  if (typeof code === "string" && code.includes("(")) return codeCalls(code, functions);
  const [only, more] = Object.entries(value);
  if (only && !more && functions.has(only[0]))
    return [{ name: only[0], arguments: argumentsIn(only[1]), id: String(before) }];
  const name = field("name", "function", "function_name", "tool", "API", "api");
  const given = field("arguments", "parameters", "args", "params");
  // An object that merely has a name is an argument, such as a contact.
  if (typeof name !== "string" || (given === undefined && !functions.has(name))) return [];
  const id = field("id");
  return [
    { name, arguments: argumentsIn(given), id: String(typeof id === "number" || typeof id === "string" ? id : before) },
  ];
}

function argumentsIn(value: Json | undefined): Call["arguments"] {
  const read = typeof value === "string" ? readLiteral(value, 0, () => false)?.value : value;
  return typeof read === "object" && read !== null && !Array.isArray(read) ? read : {};
}

/** Calls of known functions only: any word before a bracket looks like a call. */
function codeCalls(text: string, functions: ReadonlyMap<string, FunctionSchema>): WrittenCall[] {
  const calls: WrittenCall[] = [];
  const begins = /(?:result_?(\d+)\s*=\s*)?([^\s"'`()[\]{}=,;\\]+)\s*\(/gu;
  for (let found = begins.exec(text); found; found = begins.exec(text)) {
    const [, id, name = ""] = found;
    const schema = functions.get(name);
    const given = schema ? codeArguments(text, begins.lastIndex, Object.keys(schema.parameters.properties)) : null;
    if (!given) continue;
    calls.push({ name, arguments: given.values, id: id ?? String(calls.length + 1) });
    begins.lastIndex = given.end;
  }
  return calls;
}

/** Arguments up to the closing bracket, and the offset behind it; null where they cannot be read. */
function codeArguments(text: string, begin: number, names: readonly string[]) {
  const entries: [string, Json][] = [];
  const isResult = (word: string) => /^result_?\d+$/.test(word);
  const key = /\s*([^\s"'`()[\]{}=,;\\]+)\s*=(?!=)/y;
  let at = skipSpace(text, begin);
  while (text[at] !== ")") {
    key.lastIndex = at;
    const name = key.exec(text)?.[1] ?? names[entries.length];
    const value = readLiteral(text, Math.max(at, key.lastIndex), isResult);
    if (name === undefined || !value) return null;
    entries.push([name, value.value]);
    at = skipSpace(text, value.end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
    else if (text[at] !== ")") return null;
  }
  return { values: Object.fromEntries(entries), end: at + 1 };
}
