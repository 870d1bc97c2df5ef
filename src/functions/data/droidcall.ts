// The DroidCall line format: {"query", "tools"?, "answers": [{"name", "arguments"}], "response"?}, one JSON object per line.

import { DataError, HandheldError } from "../../errors.ts";
import { referenceName } from "../references.ts";
import { parseFunctions } from "../schema.ts";
import type { Call, FunctionSchema, Json, Sample } from "../types.ts";
import type { BadLines } from "./types.ts";

/** A sample and where it came from. */
export interface LocatedSample extends Sample {
  file: string;
  line: number;
}

/** The samples of a file, and the functions that its lines list as tools. */
export interface DroidCallFile {
  samples: LocatedSample[];
  tools: FunctionSchema[];
}

type Fields = { [key: string]: unknown };

/**
 * Reads JSON lines; blank lines are skipped. Malformed lines go to `bad`.
 *
 * @example
 * ```ts
 * parseDroidCall('{"query":"call 911","answers":[{"name":"dial","arguments":{"number":"911"}}]}', "a.jsonl", bad);
 * ```
 */
export function parseDroidCall(text: string, file: string, bad: BadLines): DroidCallFile {
  const samples: LocatedSample[] = [];
  const tools = new Map<string, FunctionSchema>();
  text.split("\n").forEach((raw, i) => {
    const line = i + 1;
    // A byte-order mark is not JSON, and some editors write one.
    const content = (i === 0 ? raw.replace(/^\ufeff/, "") : raw).trim();
    if (content === "") return;
    bad.attempt(() => {
      const fields = parseLine(content, file, line);
      const sample = readSample(fields, file, line);
      for (const tool of readTools(fields.tools, file, line)) if (!tools.has(tool.name)) tools.set(tool.name, tool);
      samples.push(sample);
    });
  });
  return { samples, tools: [...tools.values()] };
}

function parseLine(content: string, file: string, line: number): Fields {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new DataError(file, line, `not JSON (${(cause as Error).message}); one JSON object per line is expected`, {
      cause,
    });
  }
  if (!isObject(value)) throw new DataError(file, line, 'not a JSON object; expected {"query", "answers"}');
  return value;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readSample(fields: Fields, file: string, line: number): LocatedSample {
  const { query, answers, response } = fields;
  if (typeof query !== "string" || query.trim() === "") {
    throw new DataError(file, line, `"query" must be a text that is not empty, got ${JSON.stringify(query)}`);
  }
  // Some exports hold the answers as a JSON text.
  const list = typeof answers === "string" ? tryJson(answers) : answers;
  if (!Array.isArray(list) || list.length === 0) {
    throw new DataError(file, line, '"answers" must be a list of at least one call {"name", "arguments"}');
  }
  if (response !== undefined && typeof response !== "string") {
    throw new DataError(file, line, `"response" must be a text, got ${JSON.stringify(response)}`);
  }
  const calls = list.map((item, i) => readCall(item, i, file, line));
  return { query, answers: calls, ...(response === undefined ? {} : { response }), file, line };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readCall(item: unknown, index: number, file: string, line: number): Call {
  const { name, arguments: given = {} } = isObject(item) ? item : ({} as Fields);
  if (typeof name !== "string" || name === "") throw new DataError(file, line, `answers[${index}] has no "name"`);
  if (!isObject(given)) throw new DataError(file, line, `answers[${index}].arguments must be an object`);
  const entries = Object.entries(given as { [key: string]: Json }).filter(([, value]) => value !== null);
  return { name, arguments: Object.fromEntries(entries.map(([key, value]) => [key, renameReference(value, index)])) };
}

/** DroidCall writes the result of the first call `#0`, here it is `result1`. */
function renameReference(value: Json, index: number): Json {
  if (Array.isArray(value)) return value.map((item) => renameReference(item, index));
  const number = typeof value === "string" && /^#\d+$/.test(value) ? Number(value.slice(1)) : -1;
  return number >= 0 && number < index ? referenceName(number + 1) : value;
}

function readTools(tools: unknown, file: string, line: number): FunctionSchema[] {
  const list = typeof tools === "string" ? tryJson(tools) : tools;
  // Lists of mere names say nothing about arguments.
  if (!Array.isArray(list) || list.length === 0 || list.every((t) => typeof t === "string")) return [];
  try {
    return parseFunctions(
      list.map((t) => (typeof t === "string" ? tryJson(t) : t)),
      "tools",
    );
  } catch (cause) {
    if (!(cause instanceof HandheldError)) throw cause;
    throw new DataError(file, line, cause.message, { cause });
  }
}
