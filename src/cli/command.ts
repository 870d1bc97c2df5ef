// What a command is: its frame (name, arguments, options, help) as data, and the function that runs it.
import type { Command } from "commander";
import { CommanderError, Option as CommanderOption, InvalidArgumentError } from "commander";
import type { CommandIo } from "./io.ts";
import { type Argument, type Option, sharedOptions, UsageError } from "./options.ts";

type Arguments = Record<string, Argument<string> | Argument<string | undefined>>;
type Options = Record<string, Option<unknown>>;
type Shared = typeof sharedOptions;

/** A command without its action. Keys of `options` are the camel case of the long flag. */
export interface Frame<A extends Arguments = Arguments, O extends Options = Options> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Further text of `--help`, above the options. */
  readonly details?: string;
  readonly arguments: A;
  readonly options: O;
  /** Command lines without the program's name, and what they do. */
  readonly examples: readonly (readonly [line: string, effect: string])[];
}

/** The parsed command line of a frame: arguments, own options and shared ones, by name. */
export type OptionsOf<F> =
  F extends Frame<infer A, infer O>
    ? { [K in keyof A]: A[K] extends Argument<infer T> ? T : never } & {
        [K in keyof (O & Shared)]: (O & Shared)[K] extends Option<infer T> ? T : never;
      }
    : never;

/** Runs a command. Aborts when `io.signal` does; throws HandheldError for what the user can do something about. */
export type Action<F> = (options: OptionsOf<F>, io: CommandIo) => Promise<void>;

/** A command in the registry: its frame and its action, their types forgotten. */
export interface RegisteredCommand {
  readonly frame: Frame;
  run(options: never, io: CommandIo): Promise<void>;
}

/** Declares a frame with its types kept. */
export function defineFrame<const A extends Arguments, const O extends Options>(frame: Frame<A, O>): Frame<A, O> {
  return frame;
}

/** A registry line: a frame and the action that fits it. */
export function register<A extends Arguments, O extends Options>(
  frame: Frame<A, O>,
  run: Action<Frame<A, O>>,
): RegisteredCommand {
  return { frame: frame as Frame, run };
}

/** Adds a frame to commander; `start` gets the parsed command line. */
export function mount(program: Command, frame: Frame, start: (options: Record<string, unknown>) => Promise<void>) {
  const command = program.command(frame.name).summary(frame.summary).description(describe(frame));
  const names = Object.keys(frame.arguments);
  for (const argument of Object.values(frame.arguments)) command.argument(argument.syntax, argument.description);
  const options = { ...frame.options, ...sharedOptions };
  for (const option of Object.values(options)) addOption(command, option);
  const unset = Object.entries(options).filter(([, option]) => option.parse === undefined);
  const flags = Object.fromEntries(unset.map(([name, option]) => [name, option.default]));
  const examples = frame.examples.map(([line, effect]) => `  handheld ${line}\n      ${effect}`);
  command.addHelpText("after", `\nExamples:\n${examples.join("\n")}`);
  command.allowExcessArguments(false).action(async () => {
    const given = command.processedArgs.map((value) => (Array.isArray(value) ? joinWords(value) : value));
    await start({ ...flags, ...command.opts(), ...Object.fromEntries(names.map((name, i) => [name, given[i]])) });
  });
}

/** Turns what commander rejects into a {@link UsageError} of one line; null when it only showed help or the version. */
export function usageError(error: CommanderError, command: string | undefined): UsageError | null {
  if (error.exitCode === 0 || error.code.startsWith("commander.help")) return null;
  const message = error.message
    .replace(/^error: /, "")
    .replace(/\n?\(Did you mean (?:one of )?(.*)\?\)$/s, '; did you mean "$1"?')
    .replace(/\. (takes )/, " $1")
    .replace(/'/g, '"')
    .replace(/\.$/, "");
  const help = command === undefined ? "handheld --help" : `handheld ${command} --help`;
  return new UsageError(`${message}${message.endsWith("?") ? "" : `; see "${help}"`}`, { cause: error });
}

// Single line breaks of a source file become spaces: commander wraps to the width of the terminal.
function describe(frame: Frame): string {
  const summary = `${frame.summary}.`;
  return frame.details === undefined ? summary : `${summary}\n\n${frame.details.replace(/([^\n])\n(?!\n)/g, "$1 ")}`;
}

function addOption(command: Command, option: Option<unknown>): void {
  const { flags, description, parse } = option;
  const added = new CommanderOption(flags, description);
  if (parse !== undefined) {
    const shown = Array.isArray(option.default) ? option.default.join(",") : undefined;
    if (option.default !== undefined) added.default(option.default, shown);
    added.argParser((value) => {
      try {
        return parse(value);
      } catch (cause) {
        if (cause instanceof UsageError) throw new InvalidArgumentError(cause.message);
        throw cause;
      }
    });
  }
  command.addOption(added);
}

function joinWords(words: unknown[]): string | undefined {
  return words.length === 0 ? undefined : words.join(" ");
}

export { CommanderError };
