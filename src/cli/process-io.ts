// CommandIo over the streams of this process. Keeps the progress line below everything that is printed.
import { createInterface, type Interface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { HandheldError } from "../errors.ts";
import type { CommandIo } from "./io.ts";
import { createProgress, type ProgressSink } from "./progress.ts";

/** A stream that text is written to; `isTTY` and `columns` as Node's terminals have them. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Streams and signal of {@link createIo}. */
export interface IoStreams {
  stdin: Readable & { isTTY?: boolean | undefined };
  stdout: TextStream;
  stderr: TextStream;
  signal: AbortSignal;
  /** Called when Ctrl-C is typed at a question (the terminal is read raw then and sends no signal). */
  interrupt(): void;
  /** Milliseconds of a clock. Default: performance.now. */
  now?: () => number;
}

/** A CommandIo with what the runner of a command needs at its end. */
export interface ClosableIo extends CommandIo {
  /** Removes the progress line, prints the result unless the command failed, and lets go of the input. */
  close(end: { failed: boolean }): void;
}

/** Creates the io of one command. */
export function createIo(streams: IoStreams, json: boolean): ClosableIo {
  const { stdin, stdout, stderr, signal } = streams;
  const reader = json ? stderr : stdout;
  const screen = createScreen(streams, json);
  let result: string | null = null;
  let lines: LineReader | null = null;
  return {
    json,
    signal,
    interactive: !json && stdin.isTTY === true && stdout.isTTY === true,
    columns: reader.columns ?? 100,
    print: (text = "") => screen.write(reader, `${text}\n`),
    write: (text) => screen.write(reader, text),
    warn: (text) => screen.write(stderr, `warning: ${text}\n`),
    result: (value) => {
      result = JSON.stringify(value);
    },
    progress: (title, options) => createProgress(screen.sink, title, options),
    ask: (prompt) => {
      lines ??= createLineReader(streams);
      return lines.ask(prompt);
    },
    close: ({ failed }) => {
      screen.sink.redraw("");
      lines?.close();
      if (json && !failed && result !== null) stdout.write(`${result}\n`);
    },
  };
}

function createScreen(streams: IoStreams, json: boolean) {
  const { stderr } = streams;
  let drawn = "";
  const erase = () => drawn !== "" && stderr.write("\r\x1b[K");
  const write = (stream: TextStream, text: string) => {
    erase();
    stream.write(text);
    if (drawn !== "" && text.endsWith("\n")) stderr.write(drawn);
  };
  const sink: ProgressSink = {
    mode: stderr.isTTY ? "bar" : json ? "json" : "lines",
    columns: stderr.columns ?? 80,
    now: streams.now ?? (() => performance.now()),
    line: (text) => write(stderr, `${text}\n`),
    redraw: (text) => {
      erase();
      drawn = text;
      if (text !== "") stderr.write(text);
    },
  };
  return { sink, write };
}

interface LineReader {
  ask(prompt: string): Promise<string | null>;
  close(): void;
}

// One readline interface for all questions: lines that arrive between two questions (a pipe) are kept, not lost.
function createLineReader({ stdin, stdout, signal, interrupt }: IoStreams): LineReader {
  const terminal = stdin.isTTY === true && stdout.isTTY === true;
  const output = terminal ? (stdout as unknown as NodeJS.WritableStream) : undefined;
  const reader: Interface = createInterface({ input: stdin, ...(output ? { output } : {}), terminal });
  reader.on("SIGINT", interrupt);
  const iterator = reader[Symbol.asyncIterator]();
  const stopped = aborted(signal);
  stopped.catch(() => {}); // without a question open, nobody awaits it
  return {
    async ask(prompt) {
      if (terminal) {
        reader.setPrompt(prompt);
        reader.prompt();
      } else stdout.write(prompt);
      const next = await Promise.race([iterator.next(), stopped]);
      return next.done ? null : next.value;
    },
    close: () => reader.close(),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new HandheldError("aborted", "stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
