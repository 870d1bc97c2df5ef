// handheld eval as a user runs it: the table and the result, and a run that is killed at ten moments and goes on.
import {
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
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../src/random.ts";
import { type ResultRecord, recordSchema } from "../src/results/record.ts";
import { readRecords } from "../src/results/store.ts";
import { handheld, resultOf } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-eval-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const model = fileURLToPath(new URL("parity/fixtures/lm-eval/model", import.meta.url));

const random = createRandom(1, "rows");
const words = "river stone bread light under carry often seven blue winter paper listen garden".split(" ");
const text = (length: number) => Array.from({ length }, () => random.pick(words)).join(" ");
const rows = Array.from({ length: 300 }, (_, i) => ({ goal: text(12), sol1: text(9), sol2: text(9), label: i % 2 }));
mkdirSync(join(folder, "data"));
writeFileSync(join(folder, "data", "validation.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const evaluate = (work: string, ...more: string[]) => [
  ...["eval", model, "--tasks", "piqa", "--data", join(folder, "data"), "--work", join(folder, work), "--json"],
  ...["--results", join(folder, "results", work), ...more],
];
const recordOf = (result: Record<string, unknown>): ResultRecord => recordSchema.parse(result.record);
const numbers = (result: Record<string, unknown>) => recordOf(result).tasks;

/** Bytes of what a run has noted as finished. */
function journalBytes(work: string): number {
  const files = existsSync(join(folder, work)) ? readdirSync(join(folder, work)) : [];
  return files.reduce((sum, name) => sum + statSync(join(folder, work, name)).size, 0);
}

describe("handheld eval --tasks", () => {
  it("shows a table, writes each question, and gives the result as data", async () => {
    const samples = join(folder, "samples.jsonl");
    const ended = await handheld(evaluate("table", "--limit", "20", "--samples", samples));
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.err).toMatch(/task +version +shots +metric +value +± stderr +n/);
    expect(ended.err).toMatch(/piqa +1 +0 +acc_norm +↑ +0\.\d+ +0\.\d+ +20/);
    const [task] = numbers(resultOf(ended));
    expect(task).toMatchObject({ name: "piqa", n: 20, shots: 0 });
    const lines = readFileSync(samples, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(20);
    expect(lines[0]).toMatchObject({ task: "piqa", index: 0, row: rows[0], target: 0 });
    const { records } = await readRecords(join(folder, "results", "table"));
    expect(records).toEqual([recordOf(resultOf(ended))]);
  });

  it("names a task that it does not know, and what is near", async () => {
    const ended = await handheld(["eval", model, "--tasks", "pika"]);
    expect(ended.code).toBe(1);
    expect(ended.err).toMatch(/there is no task "pika"; did you mean "piqa"\?/);
    const missing = await handheld([
      "eval",
      model,
      "--tasks",
      "sciq,piqa",
      "--limit",
      "4",
      "--data",
      join(folder, "data"),
      "--json",
      "--work",
      join(folder, "missing"),
      "--no-record",
    ]);
    expect(missing).toMatchObject({
      code: 0,
      err: expect.stringMatching(/sciq was not run: .*no split "test" of allenai\/sciq/),
    });
    expect(numbers(resultOf(missing)).map(({ name, error }) => [name, error?.code])).toEqual([
      ["sciq", "invalid-data"],
      ["piqa", undefined],
    ]);
  });

  it("killed at ten random moments goes on to the same result", { timeout: 300_000 }, async () => {
    const whole = numbers(resultOf(await handheld(evaluate("whole"))));
    const total = journalBytes("whole");
    const moments = createRandom(2, "moments");
    // By what is on disk, and then a little later: at the same points of the work on a slow machine and a fast one.
    const kills = Array.from({ length: 10 }, () => ({ bytes: moments.float() * total, laterMs: 60 * moments.float() }));
    let killed = 0;
    for (const { bytes, laterMs } of kills.sort((x, y) => x.bytes - y.bytes)) {
      let reached = Infinity;
      const { signal } = await handheld(evaluate("killed"), {
        whileRunning: (kill) => {
          if (reached === Infinity && journalBytes("killed") > bytes) reached = performance.now();
          if (performance.now() - reached > laterMs) kill("SIGKILL");
        },
      });
      if (signal !== null) killed++;
    }
    expect(killed).toBeGreaterThan(3);
    expect(journalBytes("killed")).toBeGreaterThan(0);
    expect(numbers(resultOf(await handheld(evaluate("killed"))))).toEqual(whole);
    // A run that was killed leaves no half of a record, whenever it was.
    const { records, problems } = await readRecords(join(folder, "results", "killed"));
    expect(records.map(({ tasks }) => tasks).every((tasks) => isDeepStrictEqual(tasks, whole))).toBe(true);
    expect([records.length > 0, problems]).toEqual([true, []]);
  });
});

describe("handheld eval --cost", () => {
  const ends = ["SIGKILL", "SIGINT"] as const;
  it.each(ends)("ended by %s keeps its points until the record is written", { timeout: 120_000 }, async (end) => {
    const spec = join(folder, "spec.json");
    writeFileSync(
      spec,
      JSON.stringify({ layers: 2, width: 64, ffnWidth: 64, heads: 2, vocabulary: 256, context: 512 }),
    );
    const work = join(folder, `cost-${end}`);
    const args = [
      ...["eval", spec, "--cost", "--forms", "int4", "--prompts", "8,16,32,64,128,256", "--outputs", "4", "--json"],
      ...["--cost-seconds", "0.2", "--work", work, "--results", join(folder, "results", end)],
    ];
    const kept = () => {
      const files = existsSync(work) ? readdirSync(work) : [];
      const lines = files.flatMap((name) => readFileSync(join(work, name), "utf8").split("\n").slice(0, -1));
      return lines.map((line) => JSON.parse(line).results);
    };
    let sent = false; // a second Ctrl-C would end it at once
    const killed = await handheld(args, {
      whileRunning(kill) {
        if (sent || kept().length < 2) return;
        sent = true;
        kill(end);
      },
    });
    expect([killed.signal, killed.code]).toEqual(end === "SIGKILL" ? ["SIGKILL", null] : [null, 130]);
    const before = kept();
    const { cost, notes } = recordOf(resultOf(await handheld(args)));
    expect(cost!.points.map(({ prompt }) => prompt)).toEqual([8, 16, 32, 64, 128, 256]);
    expect(cost!.points.slice(0, before.length)).toEqual(before);
    expect(notes).toContainEqual(`${before.length} points of cost are those of an interrupted run`);
    expect(kept()).toEqual([]);
  });
});
