// handheld eval and handheld results together: runs of a tiny model leave records, which are listed, compared and exported.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { machineFacts } from "../../devices/machine.ts";
import { createRandom } from "../../random.ts";
import { type ResultRecord, recordSchema } from "../../results/record.ts";
import { newRecordId, readRecords } from "../../results/store.ts";
import { commitOf } from "../../results/tool.ts";
import { runHere } from "../run-here.case.ts";

const root = mkdtempSync(join(tmpdir(), "handheld-results-cli-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, "results");
const model = fileURLToPath(new URL("../../../test/parity/fixtures/lm-eval/model", import.meta.url));
const checkout = fileURLToPath(new URL("../../..", import.meta.url));

const random = createRandom(3, "rows");
const words = "river stone bread light under carry often seven blue winter paper listen garden".split(" ");
const text = (length: number) => Array.from({ length }, () => random.pick(words)).join(" ");
const rows = Array.from({ length: 40 }, (_, i) => ({ goal: text(8), sol1: text(5), sol2: text(5), label: i % 2 }));
mkdirSync(join(root, "data"));
writeFileSync(join(root, "data", "validation.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const evaluate = (...more: string[]) =>
  runHere(
    "eval",
    model,
    "--data",
    join(root, "data"),
    "--work",
    join(root, "work"),
    "--results",
    folder,
    "--json",
    ...more,
  );
const results = (...more: string[]) => runHere("results", ...more, "--folder", folder);

let first: ResultRecord;
let second: ResultRecord;
beforeAll(async () => {
  const asked = ["--tasks", "piqa", "--keep-samples"];
  const one = await evaluate(...asked, "--as", "SmolLM-135M", "--needle", "--lengths", "300", "--depths", "0,100");
  const two = await evaluate(...asked, "--weights", "int4");
  [first, second] = [one, two].map(({ result, err }) => {
    expect(result, err).not.toBe(null);
    return recordSchema.parse(result.record);
  }) as [ResultRecord, ResultRecord];
}, 120_000);

describe("a run's record", () => {
  it("has all that was asked, of what, with what and where", async () => {
    expect(JSON.parse(readFileSync(join(folder, `${first.id}.json`), "utf8"))).toEqual(first);
    expect(first.model).toMatchObject({ name: "SmolLM-135M", catalogue: "SmolLM-135M", released: "2024-07" });
    expect(first.model.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(second.model).toEqual({ ...first.model, name: model, catalogue: null, released: null });
    expect(first.device).toEqual({ name: "local", transport: "local", ...(await machineFacts()) });
    expect(first.tool).toEqual({ version: expect.stringMatching(/^\d/), commit: await commitOf(checkout) });
    expect(first.tasks).toMatchObject([{ name: "piqa", n: 40, metrics: { acc: { aggregation: "mean" } } }]);
    expect([first.config!.weights, second.config!.weights]).toEqual(["f32", "int4"]);
    expect(first.needle!.length).toBe(6);
    expect(first.needleConfig).toMatchObject({ weights: "f32", samples: 3 });
    expect(second.needle).toBe(null);
    expect(first.samplesFile).toBe(`samples/${first.id}.jsonl`);
    expect(readFileSync(join(folder, first.samplesFile!), "utf8").trimEnd().split("\n")).toHaveLength(40);
  });

  it("is not written where it is not wanted, or nothing could be run", async () => {
    const before = readdirSync(folder);
    const none = await evaluate("--tasks", "piqa", "--no-record", "--keep-samples");
    expect(none.result.files).toEqual({ record: null, page: null });
    const failed = await evaluate("--tasks", "sciq");
    expect(failed).toMatchObject({ code: 1, err: expect.stringMatching(/no task could be run/) });
    expect((await evaluate("--tasks", "piqa", "--as", "SmolLM-135")).err).toMatch(/did you mean "SmolLM-135M"/);
    expect(readdirSync(folder)).toEqual(before);
    expect(existsSync(join(folder, "samples", `${none.result.record.id}.jsonl`))).toBe(false);
  });
});

const small = [
  "--forms",
  "int4,f32",
  "--prompts",
  "8",
  "--outputs",
  "4",
  "--cost-threads",
  "1",
  "--cost-seconds",
  "0.02",
];

describe("a run with --cost", () => {
  const apart = join(root, "apart");
  const run = (...words: string[]) =>
    runHere("eval", ...words, "--work", join(root, "work"), "--results", apart, "--data", join(root, "data"), "--json");

  it("has tasks and costs in one record, and a page of it", async () => {
    const { result, err } = await run(model, "--tasks", "piqa", "--cost", ...small);
    expect(err).toMatch(/piqa +1 +0 +acc [\s\S]*int4 +1 +8 +4 /);
    const record = recordSchema.parse(result.record);
    expect(record.tasks).toEqual(first.tasks);
    expect(record.cost!.points.map(({ weights, prompt, output }) => [weights, prompt, output])).toEqual([
      ["int4", 8, 4],
      ["f32", 8, 4],
    ]);
    expect(record.device).toEqual(first.device);
    expect(result.files).toEqual({ record: join(apart, `${record.id}.json`), page: join(apart, `${record.id}.html`) });
    const page = readFileSync(result.files.page, "utf8");
    expect(page).toMatch(/^<!doctype html>[\s\S]*piqa[\s\S]*int4/i);
    const shown = await runHere("results", "show", record.id, "--folder", apart);
    expect(shown.out).toMatch(/int4 +1 +8 +4 /);
  });

  it("is measured anew once its record is there", async () => {
    const again = await run(model, "--cost", ...small);
    const [one, two] = (await readRecords(apart)).records.map(({ cost }) => cost!.startedAt);
    expect(again.code).toBe(0);
    expect(one).not.toBe(two);
  });

  it("needs no weights", async () => {
    const spec = join(root, "spec.json");
    writeFileSync(spec, JSON.stringify({ layers: 1, width: 64, ffnWidth: 64, heads: 2, vocabulary: 128, context: 64 }));
    const { result } = await run(spec, "--cost", ...small);
    expect(result.record).toMatchObject({ model: { name: spec, hash: null }, tasks: [], config: null });
    expect((await run(spec, "--cost", "--tasks", "piqa")).err).toMatch(/cannot read .*spec\.json/);
  });

  it("goes on where another part fails, and says so in the record", async () => {
    const { code, result, err } = await run(model, "--cost", ...small, "--needle", "--lengths", "4000");
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/needle: a text of 4000 tokens/) });
    expect(result.record.notes).toContainEqual(expect.stringMatching(/^needle failed: a text of 4000 tokens/));
    const alone = await run(model, "--needle", "--lengths", "4000");
    expect(alone).toMatchObject({ code: 1, err: expect.stringMatching(/a text of 4000 tokens/) });
    const nowhere = await run(model, "--cost", "--device", "moon");
    expect(nowhere.code).not.toBe(0);
    const two = await run(model, "--tasks", "piqa", "--calls", "droidcall");
    expect(two).toMatchObject({ code: 2, err: expect.stringMatching(/--calls and --tasks are two runs/) });
  });
});

describe("handheld results", () => {
  it("lists the newest first, filtered and ordered", async () => {
    const { out } = await results();
    const listed = out.split("\n").filter((line) => /^ +\d{8}T/.test(line));
    expect(listed.map((line) => line.trim().split(" ")[0])).toEqual([second.id, first.id]);
    expect(listed[1]).toMatch(/SmolLM-135M +local .* piqa, needle/);
    const ids = async (...more: string[]) =>
      (await results("--json", ...more)).result.records.map(({ id }: ResultRecord) => id);
    expect(await ids("--model", "smollm")).toEqual([first.id]);
    expect(await ids("--task", "piqa", "--sort", "parameters")).toHaveLength(2);
    expect(await ids("--since", "2999-01-01")).toEqual([]);
    expect((await results("--suite", "survey")).out).toMatch(/no records .* that fit/);
  });

  it("shows one by a part of its id", async () => {
    const { out } = await results("show", first.id.slice(-8));
    expect(out).toMatch(new RegExp(`record +${first.id}`));
    expect(out).toMatch(/SmolLM-135M, .* parameters, in the catalogue SmolLM-135M \(2024-07\)/);
    expect(out).toMatch(/piqa +1 +0 +acc /);
    expect(out).toMatch(/single: tokens +0 % +100 %/);
  });

  it("compares two, paired by question", async () => {
    const { out, result } = await results("compare", first.id, second.id, "--json");
    expect(result.metrics).toMatchObject([{ metric: "acc", method: "mcnemar", n: 40 }, { metric: "acc_norm" }]);
    expect(result.differences).toContain("weights: f32 and int4");
    expect(out).not.toMatch(/B − A/);
    const shown = await results("compare", first.id, second.id);
    expect(shown.out).toMatch(/piqa +0 +acc +↑ .* McNemar, n = 40/);
    rmSync(join(folder, second.samplesFile!));
    const unpaired = await results("compare", first.id, second.id);
    expect(unpaired.err).toMatch(/questions cannot be paired/);
    expect(unpaired.out).toMatch(/piqa +0 +acc +↑ .* z, n = 40/);
  });

  it("exports a table", async () => {
    const csv = join(root, "all.csv");
    expect((await results("export", "--csv", csv)).out).toMatch(/2 records in/);
    const lines = readFileSync(csv, "utf8").trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + 2 + 6 + 2);
    expect((await results("export")).out).toBe(readFileSync(csv, "utf8"));
  });

  it("sets a damaged record aside and tells", async () => {
    const name = `${newRecordId()}.json`;
    writeFileSync(join(folder, name), "{");
    const { code, err, out } = await results();
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/not valid JSON.*moved to .*quarantine/) });
    expect(out).toContain(first.id);
    expect(readFileSync(join(folder, "quarantine", name), "utf8")).toBe("{");
  });

  it("says what is wrong with a command line", async () => {
    const error = async (...words: string[]) => (await results(...words)).err;
    expect(await error("shwo")).toMatch(/there is no "shwo"; results can list, show, compare, export/);
    expect(await error("compare", "a")).toMatch(/compare takes two ids/);
    expect(await error("show", "2")).toMatch(/is the beginning of .* give more of it/);
    expect(await error("--since", "yesterday")).toMatch(/--since takes a date such as 2026-11-26/);
    expect((await runHere("results", "--folder", join(root, "none"))).out).toMatch(/no records in/);
  });
});
