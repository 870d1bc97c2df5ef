// Every error that Handheld throws on purpose is a HandheldError: one line that says where, the rule,
// what arrived and what to do next. Anything else that escapes is a bug.

/** Stable identifiers that programs may branch on. */
export type ErrorCode =
  | "invalid-spec"
  | "invalid-data"
  | "invalid-file"
  | "invalid-option"
  | "invalid-call"
  | "context-overflow"
  | "unsupported"
  | "out-of-memory"
  | "io"
  | "divergence"
  | "aborted"
  | "unsteady"
  | "kernel";

/**
 * Base class of all errors thrown on purpose. The message becomes one line of bounded length, whatever a file put into it.
 *
 * @example
 * ```ts
 * throw new HandheldError("invalid-spec", "config.json: num_attention_heads 15 does not divide hidden_size 1024; use 16");
 * ```
 */
export class HandheldError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(oneLine(message), options);
    this.name = "HandheldError";
    this.code = code;
  }
}

// Names and values from files may hold line breaks, a terminal's control sequences, or megabytes. Hints are at the end.
function oneLine(message: string): string {
  const short = message.length > 1600 ? `${message.slice(0, 1200)} … ${message.slice(-300)}` : message;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
  return short.replace(/\s*[\u0000-\u001f\u007f-\u009f]+\s*/g, " ");
}

/** The prompt and the new tokens asked for do not fit in the model's context. Both lengths are in tokens. */
export class ContextOverflowError extends HandheldError {
  readonly needed: number;
  readonly context: number;
  constructor(needed: number, context: number, detail = "") {
    super(
      "context-overflow",
      `${detail}${needed} tokens do not fit in the context of ${context}; shorten the input or use a model with a longer context`,
    );
    this.name = "ContextOverflowError";
    this.needed = needed;
    this.context = context;
  }
}

/** Training produced NaN or a loss that ran away. `lastGoodStep` is the step of the checkpoint that was kept. */
export class DivergenceError extends HandheldError {
  readonly step: number;
  readonly lastGoodStep: number | null;
  constructor(message: string, step: number, lastGoodStep: number | null) {
    super("divergence", message);
    this.name = "DivergenceError";
    this.step = step;
    this.lastGoodStep = lastGoodStep;
  }
}

/** A text file's line is malformed. `line` counts from 1. */
export class DataError extends HandheldError {
  readonly file: string;
  readonly line: number | null;
  constructor(file: string, line: number | null, reason: string, options?: { cause?: unknown }) {
    super("invalid-data", `${file}${line === null ? "" : `:${line}`}: ${reason}`, options);
    this.name = "DataError";
    this.file = file;
    this.line = line;
  }
}

/** Turns a system error (ENOSPC, EACCES, ENOENT …) on `path` into one line that says what to do; passes HandheldErrors through. */
export function ioError(action: string, path: string, cause: unknown): HandheldError {
  if (cause instanceof HandheldError) return cause;
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  const hint =
    code === "ENOSPC" || code === "EDQUOT"
      ? "no space left on the disk; free some and run again (finished files are intact)"
      : code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? "no permission; choose another folder or change its permissions"
        : code === "ENOENT"
          ? "no such file or folder; check the path"
          : code === "EISDIR"
            ? "is a folder, a file was expected"
            : code === "ENOTDIR"
              ? "a part of the path is a file, a folder was expected"
              : String((cause as Error | null)?.message ?? cause);
  return new HandheldError("io", `cannot ${action} ${path}: ${hint}`, { cause });
}

/** A file that is not what it should be; `where` is its path, or says how it is called. */
export function invalidFile(where: string, reason: string, cause?: unknown): HandheldError {
  return new HandheldError("invalid-file", `${where}: ${reason}`, cause === undefined ? {} : { cause });
}

/** A JSON value that comes from a file, for a message; of lists and objects only their kind. */
export function quoteValue(value: unknown): string {
  if (typeof value === "string") return quoteName(value);
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}

/** A name that comes from a file, for a message: on one line, and not a long one. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

// Names come from files too, where they may be many and long.
const most = { candidates: 4096, length: 256 } as const;

/** The nearest of `known` to a mistyped `name`, phrased for the end of an error message; empty when none is near. */
export function suggest(name: string, known: Iterable<string>): string {
  if (name.length > most.length) return "";
  let best = "";
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  let seen = 0;
  for (const candidate of known) {
    if (++seen > most.candidates) break;
    // Two names are at least as far apart as their lengths.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === "" ? "" : `; did you mean "${best}"?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
