// Typed options and arguments of commands: flags, help text, parser and default in one object, and the options that
// every command shares. Parsers throw UsageError; the caller prefixes the flag.
import { HandheldError, suggest } from "../errors.ts";

/** The command line itself is wrong; the process exits with 2 instead of 1. */
export class UsageError extends HandheldError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("invalid-option", message, options);
    this.name = "UsageError";
  }
}

/** One option. `T` is the type of its parsed value. */
export interface Option<T> {
  /** As commander takes them: `--data <path>`, `--json`. The key under which the option is stored is its camel case. */
  readonly flags: string;
  readonly description: string;
  readonly default: T;
  /** Absent for an option without a value. */
  readonly parse?: (text: string) => T;
}

/** One positional argument: `<model>` is required, `[query]` optional, `[query...]` takes the rest of the line. */
export interface Argument<T extends string | undefined> {
  readonly syntax: string;
  readonly description: string;
  readonly required: T extends string ? true : boolean;
}

/** An option without a value: false unless given. `--no-prompt` is stored as `prompt`: true unless given. */
export function flag(flags: string, description: string): Option<boolean> {
  return { flags, description, default: flags.startsWith("--no-") };
}

/** An option with a text value. */
export function text(flags: string, description: string): Option<string | undefined>;
export function text(flags: string, description: string, fallback: string): Option<string>;
export function text(flags: string, description: string, fallback?: string): Option<string | undefined> {
  return { flags, description, default: fallback, parse: (value) => value };
}

/** Limits of a numeric option, both inclusive. */
export interface Limits {
  min?: number;
  max?: number;
}

/** An option with a number; `20k` and `1.5M` are understood. */
export function number(flags: string, description: string, limits: Limits): Option<number | undefined>;
export function number(flags: string, description: string, limits: Limits, fallback: number): Option<number>;
export function number(
  flags: string,
  description: string,
  limits: Limits,
  fallback?: number,
): Option<number | undefined> {
  return {
    flags,
    description,
    default: fallback,
    parse: (value: string) => inLimits(parseNumber(value), value, limits),
  };
}

/** An option with a whole number; `20k` and `3M` are understood. */
export function integer(flags: string, description: string, limits: Limits): Option<number | undefined>;
export function integer(flags: string, description: string, limits: Limits, fallback: number): Option<number>;
export function integer(
  flags: string,
  description: string,
  limits: Limits,
  fallback?: number,
): Option<number | undefined> {
  const parse = (value: string) => {
    const parsed = parseNumber(value);
    if (!Number.isInteger(parsed)) throw new UsageError(`takes a whole number, got "${value}"`);
    return inLimits(parsed, value, limits);
  };
  return { flags, description, default: fallback, parse };
}

/** An option with a comma-separated list of whole numbers. */
export function integers(flags: string, description: string, limits: Limits): Option<number[] | undefined>;
export function integers(flags: string, description: string, limits: Limits, fallback: number[]): Option<number[]>;
export function integers(
  flags: string,
  description: string,
  limits: Limits,
  fallback?: number[],
): Option<number[] | undefined> {
  const one = integer(flags, description, limits).parse!;
  const parse = (value: string) => value.split(",").map((part) => one(part)!);
  return { flags, description, default: fallback, parse };
}

/** An option that takes one of a few names. */
export function choice<const T extends string>(
  flags: string,
  description: string,
  names: readonly T[],
  fallback: T,
): Option<T> {
  const parse = (value: string) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw new UsageError(`takes ${names.join(", ")}; got "${value}"${suggest(value, names)}`);
  };
  return { flags, description: `${description} (${names.join(", ")})`, default: fallback, parse };
}

/** An option with a comma-separated list of a few names. */
export function choices<const T extends string>(
  flags: string,
  description: string,
  names: readonly T[],
): Option<T[] | undefined> {
  const one = choice(flags, description, names, names[0]!);
  const parse = (value: string) => value.split(",").map((part) => one.parse!(part));
  return { flags, description: one.description, default: undefined, parse };
}

/** A positional argument that must be given. */
export function required(syntax: string, description: string): Argument<string> {
  return { syntax, description, required: true };
}

/** A positional argument that may be left out. */
export function optional(syntax: string, description: string): Argument<string | undefined> {
  return { syntax, description, required: false };
}

/** What every command takes. */
export const sharedOptions = {
  json: flag("--json", "close standard output with one JSON object; everything else goes to standard error"),
  threads: integer("--threads <n>", "threads to compute on (default: the cores, at most 8)", { min: 1, max: 64 }),
  seed: integer("--seed <n>", "seed of everything random", { min: 0, max: 2 ** 32 - 1 }, 1),
};

function parseNumber(value: string): number {
  const match = /^(-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([kmbg]?)$/i.exec(value.trim());
  if (!match) throw new UsageError(`takes a number, got "${value}"`);
  const factor = { "": 1, k: 1e3, m: 1e6, b: 1e9, g: 1e9 }[match[2]!.toLowerCase()] ?? 1;
  return Number((Number(match[1]) * factor).toPrecision(15));
}

function inLimits(parsed: number, value: string, { min = -Infinity, max = Infinity }: Limits): number {
  if (parsed >= min && parsed <= max) return parsed;
  const rule = max === Infinity ? `at least ${min}` : min === -Infinity ? `at most ${max}` : `from ${min} to ${max}`;
  throw new UsageError(`takes a number ${rule}, got "${value}"`);
}
