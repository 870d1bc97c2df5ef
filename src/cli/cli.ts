// Runs one command line: parse, run, and turn whatever comes out into text and an exit code.
import { Command, CommanderError } from "commander";
import { HandheldError } from "../errors.ts";
import { mount, type RegisteredCommand, usageError } from "./command.ts";
import { UsageError } from "./options.ts";
import { createIo, type IoStreams } from "./process-io.ts";

/** Exit codes: success, an error that the message explains (or a bug), a wrong command line, stopped by Ctrl-C. */
export const exitCodes = { ok: 0, error: 1, usage: 2, interrupted: 130 } as const;

/** What {@link runCli} needs besides the words of the command line. */
export interface CliOptions extends IoStreams {
  commands: readonly RegisteredCommand[];
  version: string;
}

/**
 * Runs `handheld <args>` and returns the exit code. Never throws.
 *
 * @example
 * ```ts
 * process.exitCode = await runCli(["device", "--json"], { ...streams, commands, version: "0.1.0" });
 * ```
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<number> {
  const program = createProgram(options);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, options);
    const known = options.commands.some(({ frame }) => frame.name === args[0]) ? args[0] : undefined;
    const usage = usageError(error, known);
    return usage === null ? exitCodes.ok : report(usage, options);
  }
}

function createProgram(options: CliOptions): Command {
  const program = new Command("handheld")
    .description("A workshop for small language models that live on the device in your hand.")
    .version(options.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print help of a command")
    .configureOutput({
      writeOut: (text) => options.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(options.stdout.columns ?? 100, 120),
    })
    .exitOverride();
  for (const command of options.commands) {
    mount(program, command.frame, async (parsed) => {
      const io = createIo(options, parsed.json === true);
      try {
        await command.run(parsed as never, io);
      } catch (error) {
        io.close({ failed: true });
        throw error;
      }
      io.close({ failed: false });
    });
  }
  return program;
}

function report(error: unknown, { stderr, signal }: CliOptions): number {
  if (signal.aborted && isAbort(error)) {
    stderr.write("stopped; finished files are intact\n");
    return exitCodes.interrupted;
  }
  if (error instanceof HandheldError) {
    stderr.write(`error: ${oneLine(error.message)}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.error;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`${text}\nThis is a bug in handheld: please report it with the lines above and the command you ran.\n`);
  return exitCodes.error;
}

function isAbort(error: unknown): boolean {
  if (error instanceof HandheldError) return error.code === "aborted";
  return error instanceof Error && error.name === "AbortError";
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ");
}
