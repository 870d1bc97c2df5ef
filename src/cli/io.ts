// What a command sees of the world: text out, one JSON result, progress, questions, and the signal to stop.
import type { Progress, ProgressOptions } from "./progress.ts";

/** Given to every command. Commands never touch `process` themselves, so tests can run them in place. */
export interface CommandIo {
  /** `--json` was given: text for the reader goes to standard error, {@link result} closes standard output. */
  readonly json: boolean;
  /** Aborts on the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Somebody sits at a terminal and can answer {@link ask}. */
  readonly interactive: boolean;
  /** Characters in a line. */
  readonly columns: number;
  /** Prints text for the reader, and a line break. */
  print(text?: string): void;
  /** Prints text without a line break (streamed tokens). */
  write(text: string): void;
  /** Prints `warning: …` to standard error. */
  warn(text: string): void;
  /** Sets the JSON object that is printed last with `--json`. Without it, nothing happens. */
  result(value: Readonly<Record<string, unknown>>): void;
  /** Starts showing the progress of a job of more than a moment. */
  progress(title: string, options?: ProgressOptions): Progress;
  /** Asks for a line of text; null at the end of input. @throws HandheldError `aborted` on Ctrl-C */
  ask(prompt: string): Promise<string | null>;
}
