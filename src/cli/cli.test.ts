// The program's behaviour around commands: help, exit codes, one-line errors, the JSON result, Ctrl-C.
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { runCli } from "./cli.ts";
import { type Action, defineFrame, register } from "./command.ts";
import { commands } from "./commands/index.ts";
import { choice, flag, integer, integers, number, optional, required, text } from "./options.ts";

const frame = defineFrame({
  name: "paint",
  summary: "Paint a wall",
  arguments: { wall: required("<wall>", "which wall"), words: optional("[words...]", "what to write on it") },
  options: {
    coats: integer("--coats <n>", "coats of paint", { min: 1, max: 1e7 }, 2),
    budget: number("--budget <amount>", "money", { min: 0 }),
    color: choice("--color <name>", "color", ["red", "green"], "red"),
    layers: integers("--layers <list>", "layers", { min: 1 }, [1]),
    note: text("--note <text>", "note"),
    skipBad: flag("--skip-bad", "leave out bad walls"),
  },
  examples: [["paint north --coats 3", "paints the north wall three times"]],
});

type Run = Action<typeof frame>;

async function run(
  args: string[],
  action: Run = async () => {},
  options: { input?: string; stop?: AbortController } = {},
) {
  let out = "";
  let err = "";
  const code = await runCli(args, {
    commands: [register(frame, action), ...commands],
    version: "1.2.3",
    stdin: options.input === undefined ? new PassThrough() : Readable.from([options.input]),
    stdout: { write: (chunk) => (out += chunk) },
    stderr: { write: (chunk) => (err += chunk) },
    signal: (options.stop ?? new AbortController()).signal,
    interrupt: () => {},
  });
  return { code, out, err };
}

describe("handheld <command>", () => {
  it("passes typed options, arguments and defaults", async () => {
    let seen: unknown;
    const line = ["paint", "north", "so", "blue", "--coats", "3M", "--budget", "1.5k", "--layers", "2,3", "--skip-bad"];
    const { code } = await run(line, async (options) => {
      const coats: number = options.coats; // types are inferred from the frame
      const budget: number | undefined = options.budget;
      seen = { ...options, coats, budget };
    });
    expect(code).toBe(0);
    expect(seen).toEqual({
      wall: "north",
      words: "so blue",
      coats: 3_000_000,
      budget: 1500,
      color: "red",
      layers: [2, 3],
      skipBad: true,
      json: false,
      seed: 1,
    });
  });

  it("prints text to stdout; with --json the result is the last and only line there", async () => {
    const action: Run = async (_, io) => {
      io.result({ walls: 1 });
      io.print("painted");
    };
    expect(await run(["paint", "north"], action)).toEqual({ code: 0, out: "painted\n", err: "" });
    expect(await run(["paint", "north", "--json"], action)).toEqual({
      code: 0,
      out: '{"walls":1}\n',
      err: "painted\n",
    });
  });

  it("says an expected error in one line, prints no result, and exits with 1", async () => {
    const { code, out, err } = await run(["paint", "north", "--json"], async (_, io) => {
      io.result({ walls: 1 });
      throw new HandheldError("io", "no paint\n  left; buy some");
    });
    expect({ code, out, err }).toEqual({ code: 1, out: "", err: "error: no paint left; buy some\n" });
  });

  it("shows the stack of an unexpected error and says that it is a bug", async () => {
    const { code, err } = await run(["paint", "north"], async () => {
      throw new TypeError("wall is not a function");
    });
    expect(code).toBe(1);
    expect(err).toMatch(/TypeError: wall is not a function\n\s+at /);
    expect(err).toContain("This is a bug in handheld");
  });

  it("exits with 130 when stopped, and only then", async () => {
    const stop = new AbortController();
    const action: Run = async (_, io) => {
      stop.abort();
      io.signal.throwIfAborted();
    };
    expect(await run(["paint", "north"], action, { stop })).toMatchObject({ code: 130, err: /^stopped/ as never });
    const stray: Run = async () => {
      throw new HandheldError("aborted", "stopped");
    };
    expect((await run(["paint", "north"], stray)).code).toBe(1);
  });

  it("reads answers line by line and null at the end, also from a pipe", async () => {
    const answers: unknown[] = [];
    const action: Run = async (_, io) => {
      for (;;) {
        const answer = await io.ask("> ");
        answers.push(answer);
        if (answer === null) return;
        await new Promise((done) => setTimeout(done, 5));
      }
    };
    await run(["paint", "north"], action, { input: "one\ntwo\nthree" });
    expect(answers).toEqual(["one", "two", "three", null]);
  });

  it("a question that is open when Ctrl-C comes ends the command", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 20);
    const { code } = await run(["paint", "north"], async (_, io) => void (await io.ask("> ")), { stop });
    expect(code).toBe(130);
  });
});

describe("a wrong command line exits with 2 and one line", () => {
  it.each([
    [["pant"], 'unknown command "pant"; did you mean "paint"?'],
    [["paint", "x", "--coat", "1"], 'unknown option "--coat"; did you mean "--coats"?'],
    [["paint"], 'missing required argument "wall"; see "handheld paint --help"'],
    [["paint", "x", "--coats", "1.5"], 'takes a whole number, got "1.5"'],
    [["paint", "x", "--coats", "0"], 'takes a number from 1 to 10000000, got "0"'],
    [["paint", "x", "--budget", "lots"], 'takes a number, got "lots"'],
    [["paint", "x", "--color", "gren"], 'takes red, green; got "gren"; did you mean "green"?'],
    [["paint", "x", "--note"], "argument missing"],
    [["device", "x"], "too many arguments"],
  ])("handheld %j: %s", async (args, message) => {
    const { code, out, err } = await run(args);
    expect(err).toContain(message);
    expect(err).toMatch(/^error: .*\n$/);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("help", () => {
  it("lists every command, also without arguments, and exits with 0", async () => {
    for (const args of [[], ["--help"], ["help"]]) {
      const { code, out, err } = await run(args);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      for (const { frame } of commands) expect(out.replace(/\s+/g, " ")).toContain(frame.summary);
    }
  });

  it.each(commands.map(({ frame }) => [frame.name, frame] as const))(
    "%s --help has options and examples",
    async (name, { options, examples }) => {
      const { code, out } = await run([name, "--help"]);
      expect(code).toBe(0);
      expect(out).toContain("--json");
      expect(out).toContain("--threads");
      expect(out).toContain("--seed");
      for (const [line] of examples) expect(out).toContain(`handheld ${line}`);
      for (const [key, { flags }] of Object.entries(options)) expect(camelCase(flags)).toBe(key);
    },
  );

  it("prints the version", async () => {
    expect(await run(["--version"])).toEqual({ code: 0, out: "1.2.3\n", err: "" });
  });
});

function camelCase(flags: string): string {
  return /--(?:no-)?([a-z-]+)/.exec(flags)![1]!.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
