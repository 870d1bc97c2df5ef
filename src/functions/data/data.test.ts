import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../../errors.ts";
import type { Sample } from "../types.ts";
import { loadCalls, loadFunctions } from "./load.ts";

const repository = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const shared = process.env.HANDHELD_DATA ?? join(repository, "../shared/data");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "handheld-data-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes files (path: text) below a fresh folder and returns its path. */
async function write(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(folder, "case-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const line = (query: string, name = "dial", args: object = { number: query }) =>
  JSON.stringify({ query, answers: [{ name, arguments: args }] });
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(`call ${i}`)).join("\n");

describe("JSON lines", () => {
  it("are split 80/10/10 by seed, without repeated queries", async () => {
    const root = await write({ "a.jsonl": `\ufeff${lines(100)}\n\n${lines(5)}\n` });
    const load = async (seed: number) => (await loadCalls(`${root}/a.jsonl`, { seed })).dataset;
    const { dataset, duplicates } = await loadCalls(`${root}/a.jsonl`);
    expect([dataset.train, dataset.validation, dataset.test].map((s) => s.length)).toEqual([80, 10, 10]);
    expect(duplicates).toBe(5);
    const queries = new Set([...dataset.train, ...dataset.validation, ...dataset.test].map((s) => s.query));
    expect(queries.size).toBe(100);
    expect(await load(1)).toEqual(dataset);
    expect(await load(2)).not.toEqual(dataset);
  });

  it("keep a sample of every function for training", async () => {
    const rare = Array.from({ length: 20 }, (_, i) => line(`q${i}`, `f${i}`)).join("\n");
    const root = await write({ "a.jsonl": rare });
    const { dataset } = await loadCalls(`${root}/a.jsonl`);
    expect(dataset.train.length).toBe(20);
    expect(dataset.functions.length).toBe(20);
  });

  it("may lie in a folder by split; missing splits come from train", async () => {
    const root = await write({ "train.jsonl": lines(50), "test.jsonl": line("call x") });
    const { dataset } = await loadCalls(root);
    expect([dataset.train, dataset.validation, dataset.test].map((s) => s.length)).toEqual([45, 5, 1]);
  });

  it("take functions from their tools, and turn #0 into result1", async () => {
    const tools = [
      { name: "pick", arguments: {}, returns: { type: "str" } },
      { name: "dial", arguments: { number: { type: "str", required: true } } },
      { name: "unused", arguments: {} },
    ];
    const answers = [
      { id: 0, name: "pick", arguments: {} },
      { id: 1, name: "dial", arguments: { number: "#0" } },
    ];
    const root = await write({
      "a.jsonl": JSON.stringify({ query: "call one", tools, answers: JSON.stringify(answers) }),
    });
    const { dataset } = await loadCalls(`${root}/a.jsonl`);
    expect(dataset.functions.map((f) => f.name)).toEqual(["pick", "dial"]);
    expect(dataset.train[0]?.answers[1]?.arguments).toEqual({ number: "result1" });
  });

  it("keep what the user is told", async () => {
    const said = JSON.stringify({ query: "call 1", answers: [{ name: "dial" }], response: "Calling." });
    const root = await write({ "a.jsonl": `${said}\n${line("call 2")}` });
    const { dataset } = await loadCalls(`${root}/a.jsonl`);
    const byQuery = new Map(dataset.train.map((sample) => [sample.query, sample.response]));
    expect(Object.fromEntries(byQuery)).toEqual({ "call 1": "Calling.", "call 2": undefined });
  });

  it.each<[string, string, string]>([
    ["cut off", '{"query": "x"', "a.jsonl:2: not JSON"],
    ["a list", "[]", "a.jsonl:2: not a JSON object"],
    ["without query", '{"answers":[{"name":"f"}]}', 'a.jsonl:2: "query" must be a text'],
    ["with an empty query", '{"query":" ","answers":[{"name":"f"}]}', 'a.jsonl:2: "query"'],
    [
      "with a response that is no text",
      '{"query":"x","answers":[{"name":"f"}],"response":1}',
      '"response" must be a text',
    ],
    ["without answers", '{"query":"x","answers":[]}', 'a.jsonl:2: "answers" must be a list'],
    ["with a nameless call", '{"query":"x","answers":[{}]}', 'a.jsonl:2: answers[0] has no "name"'],
    [
      "with wrong arguments",
      '{"query":"x","answers":[{"name":"f","arguments":[]}]}',
      "answers[0].arguments must be an object",
    ],
    ["with null in place of a call", '{"query":"x","answers":[null]}', 'answers[0] has no "name"'],
    [
      "with broken tools",
      '{"query":"x","tools":[{"name":8}],"answers":[{"name":"f"}]}',
      "a.jsonl:2: tools: functions[0].name",
    ],
  ])("%s: file, line and reason, or counted with skipBad", async (_, bad, message) => {
    const root = await write({ "a.jsonl": `${line("call 1")}\n${bad}\n${line("call 2")}` });
    const error = await loadCalls(`${root}/a.jsonl`).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as DataError).message).toContain(message);
    expect((error as DataError).line).toBe(2);
    const skipped = await loadCalls(`${root}/a.jsonl`, { skipBad: true });
    expect(skipped).toMatchObject({ skipped: 1, reasons: [(error as DataError).message] });
    expect(skipped.dataset.train.length).toBe(2);
  });

  it("are checked against given functions", async () => {
    const functions = [
      { name: "dial", parameters: { type: "object" as const, properties: { number: { type: "string" as const } } } },
    ];
    const root = await write({ "a.jsonl": `${line("one")}\n${line("two", "dail")}` });
    await expect(loadCalls(`${root}/a.jsonl`, { functions })).rejects.toThrow(
      'a.jsonl:2: no function "dail"; did you mean "dial"?',
    );
    expect(await loadCalls(`${root}/a.jsonl`, { functions, skipBad: true })).toMatchObject({ skipped: 1 });
    const more = [...functions, { name: "never", parameters: { type: "object" as const, properties: {} } }];
    await expect(loadCalls(`${root}/a.jsonl`, { functions: more, skipBad: true })).rejects.toThrow(
      'function "never" has no training samples',
    );
  });

  it("refuses names that no format can write", async () => {
    const root = await write({ "a.jsonl": line("x", 'a"b') });
    await expect(loadCalls(`${root}/a.jsonl`)).rejects.toThrow("a name holds no spaces");
  });
});

describe("paths", () => {
  it("that hold nothing are typed errors", async () => {
    const root = await write({ "empty.jsonl": "\n\n", "none/readme.txt": "", "bad.jsonl": "x" });
    await expect(loadCalls(`${root}/empty.jsonl`)).rejects.toThrow("no samples; give at least one");
    await expect(loadCalls(`${root}/bad.jsonl`, { skipBad: true })).rejects.toThrow("1 bad lines were skipped");
    await expect(loadCalls(`${root}/none`)).rejects.toThrow("no training samples; a folder holds");
    await expect(loadCalls(`${root}/absent`)).rejects.toThrow("no such file or folder");
    await expect(loadFunctions(`${root}/bad.jsonl`)).rejects.toThrow("not JSON");
  });
});

describe("label, seq.in, seq.out", () => {
  const snips = (label: string, seqIn: string, seqOut: string, split = "train") => ({
    [`${split}/label`]: label,
    [`${split}/seq.in`]: seqIn,
    [`${split}/seq.out`]: seqOut,
  });
  const one = async (seqIn: string, seqOut: string): Promise<Sample> => {
    const root = await write({
      ...snips("Play\n", `${seqIn}\n`, `${seqOut}\n`),
      ...snips("Play", "x", "O", "valid"),
      ...snips("Play", "x", "O", "test"),
    });
    return (await loadCalls(root)).dataset.train[0] as Sample;
  };

  it("become string arguments in order of appearance, over single spaces", async () => {
    expect(await one("play  step to me by westbam ", "O B-track I-track I-track O B-artist ")).toEqual({
      query: "play step to me by westbam",
      answers: [{ name: "Play", arguments: { track: "step to me", artist: "westbam" } }],
    });
  });

  it.each([
    ["a b c", "B-x O B-x", { x: ["a", "c"] }],
    ["a b c", "B-x B-x I-x", { x: ["a", "b c"] }],
    ["a b c", "I-x I-x O", { x: "a b" }],
    ["a b c", "B-x I-y I-x", { x: ["a", "c"], y: "b" }],
    ["a b c", "B-x O I-x", { x: ["a", "c"] }],
    ["a b c", "O O O", {}],
  ])("%s / %s: as conlleval reads it", async (words, tags, args) => {
    expect((await one(words, tags)).answers[0]?.arguments).toEqual(args);
  });

  it("refuse lines and files that do not line up", async () => {
    const tags = await write(snips("A\nB", "x y\nz", "O O\nO O"));
    await expect(loadCalls(tags)).rejects.toThrow("seq.out:2: 2 tags for the 1 words of seq.in");
    const strange = await write(snips("A", "x", "Q-x"));
    await expect(loadCalls(strange)).rejects.toThrow('tag "Q-x" is none of O, B-slot, I-slot');
    const short = await write(snips("A\nB", "x", "O"));
    await expect(loadCalls(short, { skipBad: true })).rejects.toThrow("label 2, seq.in 1, seq.out 1");
    const missing = await write({ "train/label": "A" });
    await expect(loadCalls(missing)).rejects.toThrow("seq.in: no such file");
  });
});

const snipsPath = join(shared, "snips");
describe.skipIf(!existsSync(snipsPath))("SNIPS itself (skipped: no data at ../shared/data or HANDHELD_DATA)", () => {
  it("gives 13,084 / 700 / 700 samples of seven functions, all copied, within 2 s", async () => {
    const start = performance.now();
    const { dataset, skipped } = await loadCalls(snipsPath);
    expect(performance.now() - start).toBeLessThan(2000);
    expect([dataset.train.length, dataset.validation.length, dataset.test.length, skipped]).toEqual([
      13084, 700, 700, 0,
    ]);
    expect(dataset.functions.length).toBe(7);
    const parameters = dataset.functions.flatMap((f) => Object.values(f.parameters.properties));
    expect(parameters.length).toBe(53);
    for (const p of parameters) expect((p.type === "array" ? p.items : p)?.extractive).toBe(true);
    expect(dataset.functions.find((f) => f.name === "GetWeather")?.parameters.properties.timeRange?.type).toBe("array");
  });
});

const apiPath = join(shared, "droidcall/api.jsonl");
describe.skipIf(!existsSync(apiPath))(
  "DroidCall's api.jsonl (skipped: no data at ../shared/data or HANDHELD_DATA)",
  () => {
    it("gives 24 functions, of which nine return something", async () => {
      const functions = await loadFunctions(apiPath);
      expect(functions.length).toBe(24);
      expect(functions.filter((f) => f.returns).length).toBe(9);
      const alarm = functions.find((f) => f.name === "ACTION_SET_ALARM");
      expect(alarm?.parameters.required).toEqual(["EXTRA_HOUR", "EXTRA_MINUTES"]);
      expect(alarm?.parameters.properties.EXTRA_DAYS).toMatchObject({ type: "array", items: { type: "string" } });
    });
  },
);
