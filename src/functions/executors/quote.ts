// Quoting for a POSIX shell: whatever an argument holds, the shell sees exactly that one argument.

import { HandheldError } from "../../errors.ts";

/** Characters that no POSIX shell treats specially anywhere in a word. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * One argument for `sh`: in single quotes, unless every character is plain. Throws `invalid-call` for a NUL, which no
 * argument of a process can hold.
 */
export function quote(argument: string): string {
  if (argument.includes("\0")) {
    throw new HandheldError("invalid-call", `argument ${JSON.stringify(argument)} contains a NUL character; remove it`);
  }
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** A command line for `sh` that runs the argument vector. */
export const quoteAll = (argv: readonly string[]): string => argv.map(quote).join(" ");
