// Bad input to the program: one line on standard error that says what to do, exit code 1 (2 for a wrong command line),
// and nothing that was there before is touched.
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyCallLines, writeTinyCalls } from "../src/create/tiny-data.case.ts";
import { type Ended, handheld, resultOf } from "./support/cli.ts";

const cwd = mkdtempSync(join(tmpdir(), "handheld-cli-bad-"));
afterAll(() => rmSync(cwd, { recursive: true }));
const run = (...args: string[]) => handheld(args, { cwd });
const write = (name: string, content: string | object) =>
  writeFileSync(join(cwd, name), typeof content === "string" ? content : JSON.stringify(content));

const spec = { layers: 1, width: 32, ffnWidth: 64, heads: 2, vocabulary: 1, context: 256 };
const quick = ["tiny.json", "--recipe", "recipe.json"];

/** Names and contents of all files. */
function filesIn(dir: string): Map<string, string> {
  const names = (readdirSync(dir, { recursive: true }) as string[]).filter((name) =>
    statSync(join(dir, name)).isFile(),
  );
  return new Map(names.map((name) => [name, readFileSync(join(dir, name), "latin1")]));
}

/** Expects one line of error, code 1, no result, and files as they were. */
async function refused(args: string[], message: RegExp | string): Promise<void> {
  const before = filesIn(cwd);
  const ended = await run(...args, "--json");
  const lines = ended.err.split("\n").filter((line) => line.startsWith("error") || /^\s+at /.test(line));
  expect(lines, ended.err).toHaveLength(1);
  expect(ended.err.endsWith(`${lines[0]}\n`)).toBe(true);
  if (typeof message === "string") expect(lines[0]).toBe(`error: ${message}`);
  else expect(lines[0]).toMatch(message);
  expect(ended).toMatchObject({ code: 1, out: "" });
  expect(filesIn(cwd)).toEqual(before);
}

beforeAll(async () => {
  writeTinyCalls(join(cwd, "home.jsonl"));
  write("tiny.json", spec);
  write("recipe.json", { length: { steps: 20 }, validations: 1 });
  expect((await run("train", ...quick, "--data", "home.jsonl")).code).toBe(0);
  expect((await run("quantize", "runs/home/float", "runs/home/int4")).code).toBe(0);
});

describe("call data", () => {
  const lines = tinyCallLines(60);
  const parameters = { type: "object", properties: { hour: { type: "integer" }, song: { type: "string" } } };
  beforeAll(() => {
    write("broken.jsonl", [...lines.slice(0, 7), '{"query": "play', ...lines.slice(7)].join("\n"));
    write("odd.jsonl", [...lines, '{"query": "play creep", "answers": [{"name": 5}]}', "[]"].join("\n"));
    write("empty.jsonl", "\n\n");
    mkdirSync(join(cwd, "empty"));
    mkdirSync(join(cwd, "snips/train"), { recursive: true });
    write("snips/train/label", "Play\nStop\n");
    write("snips/train/seq.in", "play creep\n");
    write("snips/train/seq.out", "O B-song\n");
    write(
      "functions.json",
      ["set_alarm", "play", "stop"].map((name) => ({ name, parameters })),
    );
    write("list.json", ["play"]);
  });

  const cases: [what: string, args: string[], message: RegExp][] = [
    [
      "a line that is not JSON",
      ["--data", "broken.jsonl"],
      /^error: broken\.jsonl:8: not JSON \(.*\); one JSON object per line/,
    ],
    ["a call whose function is a number", ["--data", "odd.jsonl"], /^error: odd\.jsonl:61: /],
    ["an empty file", ["--data", "empty.jsonl"], /^error: empty\.jsonl: no samples; give at least one$/],
    ["an empty folder", ["--data", "empty"], /^error: empty: no training samples; a folder holds train\.jsonl/],
    [
      "a folder whose files do not agree",
      ["--data", "snips"],
      /^error: snips\/train:2: the files differ in their number of lines: label 2, seq\.in 1/,
    ],
    [
      "a file that is not there",
      ["--data", "none.jsonl"],
      /^error: cannot read none\.jsonl: no such file or folder; check the path$/,
    ],
    [
      "a function without samples",
      ["--data", "home.jsonl", "--functions", "functions.json"],
      /^error: home\.jsonl: function "stop" has no training samples; add some, or remove the function from the schemas$/,
    ],
    ["schemas that are none", ["--data", "home.jsonl", "--functions", "list.json"], /^error: list\.json/],
    [
      "a query for a function without schema",
      ["--data", "home.jsonl", "--functions", "one.json"],
      /^error: home\.jsonl:\d+: .*set_alarm/,
    ],
  ];
  it.each(cases)("%s", async (what, args, message) => {
    if (what.endsWith("without schema")) write("one.json", [{ name: "play", parameters }]);
    await refused(["train", ...quick, ...args], message);
  });

  it("create says it as train does, and leaves no folder", async () => {
    await refused(["create", "--spec", "tiny.json", "--data", "broken.jsonl"], /^error: broken\.jsonl:8: not JSON/);
  });

  it("--skip-bad counts bad lines and goes on", async () => {
    const ended = await run("train", ...quick, "--data", "odd.jsonl", "--name", "skipped", "--skip-bad", "--json");
    expect(ended.code).toBe(0);
    expect(ended.err).toMatch(/2 malformed lines left out: odd\.jsonl:61: .*; odd\.jsonl:62: /);
    expect(ended.err).toMatch(/48 train, 6 validation, 6 test/);
  });
});

describe("a query longer than the context", () => {
  const long = "play creep and ".repeat(100).trim();
  const overflow = /and the beginning of an answer: \d\d\d tokens do not fit in the context of 256; shorten the input/;

  it("run refuses it", () => refused(["run", "runs/home/int4", long], overflow));

  it("eval refuses it, or leaves it out when told to skip", async () => {
    const sample = { query: long, answers: [{ name: "play", arguments: { song: "creep" } }] };
    // Samples of one of its two functions: enough for a score.
    const others = tinyCallLines(16).filter((line) => line.includes('"play"'));
    write("long.jsonl", [...others, JSON.stringify(sample)].join("\n"));
    const args = ["eval", "runs/home/int4", "--data", "long.jsonl", "--split", "all"];
    await refused(args, overflow);
    const ended = await run(...args, "--skip-bad", "--json");
    expect(ended.err).toContain("warning: 1 queries too long for the model left out\n");
    expect(resultOf(ended)).toMatchObject({ samples: 8 });
  });
});

describe("a damaged model", () => {
  beforeAll(() => {
    for (const form of ["float", "int4"]) {
      const [whole, cut] = [join(cwd, "runs/home", form), join(cwd, `cut-${form}`)];
      cpSync(whole, cut, { recursive: true });
      const bytes = readFileSync(join(whole, "model.safetensors"));
      writeFileSync(join(cut, "model.safetensors"), bytes.subarray(0, bytes.length - 1000));
    }
  });

  it.each([
    ["run", "cut-int4", "play creep"],
    ["eval", "cut-int4", "--data", "home.jsonl"],
    ["bench", "cut-int4"],
    ["quantize", "cut-float", "whole"],
  ])("%s says that its weights are truncated", (...args) =>
    refused(
      args,
      /^error: cut-\w+\/model\.safetensors: tensors take \d+ bytes but the file has \d+; it is truncated, fetch it again$/,
    ),
  );

  it("a folder that holds none", () =>
    refused(["run", "empty", "hello"], "cannot read empty/tokenizer.json: no such file or folder; check the path"));
});

describe("a spec whose heads do not divide the width", () => {
  const message = "heads.json: heads 3 does not divide width 32; use 2, or give headSize";
  beforeAll(() => write("heads.json", { ...spec, heads: 3 }));
  it("train", () => refused(["train", "heads.json", "--data", "home.jsonl"], message));
  it("create", () => refused(["create", "--spec", "heads.json", "--data", "home.jsonl"], message));
  it("bench", () => refused(["bench", "heads.json"], message));
});

describe("an output folder that cannot be written", () => {
  it.each([
    ["below a file", "home.jsonl/runs"],
    ["a file itself", "home.jsonl"],
  ])("%s", (_what, out) =>
    refused(
      ["create", "--data", "home.jsonl", "--spec", "tiny.json", "--out", out],
      /a part of the path is a file, a folder was expected$/,
    ),
  );

  it("quantize below a file", () =>
    refused(["quantize", "runs/home/float", "tiny.json/int4"], /tiny\.json\/int4: a part of the path is a file/));
});

describe("a full disk", () => {
  const disk = join(cwd, "disk");
  const mount = (...options: string[]) => spawnSync("mount", [...options, disk], { encoding: "utf8" });
  mkdirSync(disk);
  const mounted = mount("-t", "tmpfs", "-o", "size=256k", "tmpfs");
  const reason = mounted.status === 0 ? "" : ` (needs a tmpfs: ${(mounted.stderr ?? String(mounted.error)).trim()})`;
  afterAll(() => {
    if (reason === "") spawnSync("umount", [disk]);
  });

  it.skipIf(reason !== "")(`keeps what was finished; with room, --resume ends the run${reason}`, async () => {
    cpSync(join(cwd, "runs/home/int4"), join(disk, "earlier"), { recursive: true });
    const earlier = filesIn(join(disk, "earlier"));
    const args = ["create", "--data", "home.jsonl", "--spec", "tiny.json", "--recipe", "recipe.json", "--out", "disk"];
    const ended = await run(...args);
    expect(ended.code).toBe(1);
    // Behind the progress of what was done before.
    expect(ended.err.trimEnd().split("\n").at(-1)).toBe(
      "error: cannot write disk/home/checkpoint.bin: no space left on the disk; free some and run again (finished files are intact)",
    );
    expect(readdirSync(join(disk, "home")).sort()).toEqual(["metrics.jsonl", "run.json"]);
    expect(filesIn(join(disk, "earlier"))).toEqual(earlier);

    expect(() => {
      for (;;) appendFileSync(join(disk, "filler"), new Uint8Array(4096));
    }).toThrow(/ENOSPC/);
    const quantize = await run("quantize", "runs/home/float", "disk/int4");
    expect(quantize.code).toBe(1);
    expect(quantize.err).toMatch(/^error: cannot write disk\/int4.*: no space left on the disk; .*\n$/);
    expect(existsSync(join(disk, "int4"))).toBe(false);

    expect(mount("-o", "remount,size=16m").status).toBe(0);
    const resumed = await run("create", "--out", "disk", "--name", "home", "--resume", "--json");
    expect(resumed.code).toBe(0);
    expect(resultOf(resumed)).toMatchObject({ name: "home", dir: "disk/home" });
  });
});

describe("the command line", () => {
  it.each<[string[], string]>([
    [["crate"], 'unknown command "crate"; did you mean "create"?'],
    [["create", "--sample", "300"], 'unknown option "--sample"; did you mean "--samples"?'],
    [["create", "--epochs", "3", "--minutes", "2"], "--epochs and --minutes both say how long to train; give one"],
    [["eval", "m", "--split", "tset"], 'did you mean "test"?'],
  ])("handheld %j", async (args, message) => {
    const ended: Ended = await run(...args);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toContain(message);
    expect(ended.err).toMatch(/^error: .*\n$/);
  });
});
