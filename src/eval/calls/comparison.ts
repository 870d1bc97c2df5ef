// How each argument of a call is compared: rules as data, for the arguments of some functions and for arguments by name.
// DroidCall's annotated_api.jsonl says it per argument too, as `match_type`.
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { HandheldError } from "../../errors.ts";
import type { ParameterSchema } from "../../functions/types.ts";
import { parseJson, readTextFile } from "../../io.ts";

/** `strict`: equal values; `meaning`: texts that say the same; `ignore`: not looked at. */
export const comparisons = ["strict", "ignore", "meaning"] as const;
/** See {@link comparisons}. */
export type Comparison = (typeof comparisons)[number];

const byArgument = z.record(z.string(), z.enum(comparisons));
const rulesFile = z.strictObject({
  version: z.literal(1),
  /** By argument, whatever the function. */
  arguments: byArgument.default({}),
  /** By function and argument; these come first. */
  functions: z.record(z.string(), byArgument).default({}),
});

/** Rules by function ("": any) and argument, all in lower case; what has none is compared strictly. */
export type ComparisonRules = ReadonlyMap<string, ReadonlyMap<string, Comparison>>;

/** The rules that come with the package: free texts (titles, messages, searches) by meaning. */
export const shippedRules = fileURLToPath(new URL("../../../configs/calls/comparison.json", import.meta.url));

/**
 * Reads rules: our file, or JSON lines of functions whose arguments have DroidCall's `match_type` (`semantic` is by meaning).
 *
 * @throws HandheldError `io`, `invalid-file` naming file and field
 */
export async function loadRules(path = shippedRules): Promise<ComparisonRules> {
  const text = await readTextFile(path);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const parsed = rulesFile.safeParse(/"match_type"/.test(text) ? annotated(lines, path) : parseJson(text, path));
  if (parsed.success) {
    const { arguments: named, functions } = parsed.data;
    const all = [["", named] as const, ...Object.entries(functions)];
    return lowerKeys(all.map(([name, rules]) => [name, lowerKeys(Object.entries(rules))]));
  }
  const issue = parsed.error.issues[0]!;
  throw new HandheldError("invalid-file", `${path}: ${issue.path.join(".") || "the whole"}: ${issue.message}`);
}

function annotated(lines: readonly string[], path: string) {
  const functions: Record<string, Record<string, unknown>> = {};
  for (const [i, line] of lines.entries()) {
    const { name, arguments: given = {} } = (parseJson(line, `${path}:${i + 1}`) ?? {}) as {
      name?: string;
      arguments?: Record<string, { match_type?: unknown } | null>;
    };
    const rules = Object.entries(given).filter(([, argument]) => argument?.match_type !== undefined);
    functions[String(name)] = Object.fromEntries(
      rules.map(([key, argument]) => [key, argument!.match_type === "semantic" ? "meaning" : argument!.match_type]),
    );
  }
  return { version: 1, functions };
}

function lowerKeys<T>(entries: readonly (readonly [string, T])[]): Map<string, T> {
  return new Map(entries.map(([key, value]) => [key.toLowerCase(), value]));
}

/**
 * How an argument is compared. Numbers, booleans and enumerations have no wording: for them `meaning` is `strict`. `texts`
 * says what becomes of arguments that the rules compare by meaning: that, or strictly, or they are ignored.
 */
export function comparisonOf(
  rules: ComparisonRules,
  name: string,
  argument: string,
  schema: ParameterSchema | undefined,
  texts: Comparison,
): Comparison {
  const key = argument.toLowerCase();
  const rule = rules.get(name.toLowerCase())?.get(key) ?? rules.get("")?.get(key) ?? "strict";
  if (rule !== "meaning") return rule;
  const plain = schema !== undefined && (schema.enum ?? schema.items?.enum) !== undefined;
  const wordless = schema?.type === "integer" || schema?.type === "number" || schema?.type === "boolean";
  return plain || wordless ? "strict" : texts;
}
