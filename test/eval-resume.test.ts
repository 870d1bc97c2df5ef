// handheld eval as a user runs it: the table and the result, and a run that is killed at ten moments and goes on.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { evaluationSchema } from "../src/eval/result.ts";
import { createRandom } from "../src/random.ts";
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
  ...more,
];
const numbers = (result: Record<string, unknown>) => evaluationSchema.parse(result).tasks;

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
    const started = Date.now();
    const whole = numbers(resultOf(await handheld(evaluate("whole"))));
    const durationMs = Date.now() - started;
    const moments = createRandom(2, "moments");
    let finished = 0;
    for (let i = 0; i < 10; i++) {
      const begun = Date.now();
      const afterMs = (0.2 + 0.7 * moments.float()) * durationMs;
      const { signal } = await handheld(evaluate("killed"), {
        whileRunning: (kill) => {
          if (Date.now() - begun > afterMs) kill("SIGKILL");
        },
      });
      if (signal === null) finished++;
    }
    expect(existsSync(join(folder, "killed"))).toBe(true);
    expect(finished).toBeLessThan(10);
    expect(numbers(resultOf(await handheld(evaluate("killed"))))).toEqual(whole);
  });
});
