// Comparisons of records: what is paired, what is not, what is told of the setup. The numbers are test/parity's affair.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Sample } from "../eval/evaluate.ts";
import type { TaskResult } from "../eval/result.ts";
import { createRandom } from "../random.ts";
import { compareRecords } from "./compare.ts";
import { sampleRecord } from "./record.case.ts";
import type { ResultRecord } from "./record.ts";
import { readSamples, samplesFileOf, writeSamples } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-compare-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A record of tasks whose questions were answered so (1: right), with the file of its samples. */
async function answered(tasks: Record<string, number[]>, parts: Partial<ResultRecord> = {}): Promise<ResultRecord> {
  const record = sampleRecord({ calls: [], needle: null, cost: null, ...parts });
  record.samplesFile = samplesFileOf(record.id);
  const writer = await writeSamples(join(folder, record.samplesFile));
  for (const [task, answers] of Object.entries(tasks)) {
    for (const [index, acc] of answers.entries()) {
      const rest = { row: { q: "?" }, target: 0, requests: [], answers: [] };
      writer.write({ task, shots: 0, filter: "none", index, metrics: { acc }, ...rest } satisfies Sample);
    }
  }
  await writer.close();
  const results = Object.entries(tasks).map(([name, answers]): TaskResult => {
    const value = mean(answers);
    const stderr = Math.sqrt((value * (1 - value)) / (answers.length - 1));
    const acc = { value, stderr, higherIsBetter: true, aggregation: "mean" };
    return { name, kind: "task", version: 1, hash: name, shots: 0, n: answers.length, metrics: { acc }, truncated: 0 };
  });
  const n = results.reduce((sum, task) => sum + task.n, 0);
  const acc = { value: mean(Object.values(tasks).flat()), stderr: 0.02, higherIsBetter: true };
  const group = { name: "all", kind: "group" as const, parts: Object.keys(tasks), version: 1, hash: "g", shots: 0, n };
  return { ...record, tasks: [...results, { ...group, metrics: { acc }, truncated: 0 }] };
}

const random = createRandom(5, "answers");
const base = Array.from({ length: 200 }, () => Number(random.float() < 0.5));
/** Twelve questions more are right: nothing for two samples, much for pairs. */
let mended = 0;
const better = base.map((value) => (value === 0 && mended++ < 12 ? 1 : value));
const samplesOf = async (...records: ResultRecord[]) =>
  [await readSamples(folder, records[0]!), await readSamples(folder, records[1]!)] as const;

describe("two records", () => {
  it("with samples are paired by question, groups over all their parts'", async () => {
    const a = await answered({ one: base, two: base });
    const b = await answered({ one: better, two: base });
    const { metrics } = compareRecords(a, b, await samplesOf(a, b));
    const [one, two, all] = metrics;
    expect(one).toMatchObject({
      name: "one",
      method: "mcnemar",
      n: 200,
      better: "b",
      difference: expect.closeTo(0.06, 12),
    });
    expect(one!.p).toBeCloseTo(2 * 0.5 ** 12, 15);
    expect(one!.adjustedP).toBeCloseTo(2 * one!.p!, 15);
    expect(two).toMatchObject({ difference: 0, p: 1, adjustedP: 1, better: null });
    expect(all).toMatchObject({ name: "all", kind: "group", method: "mcnemar", n: 400, better: "b" });
    const swapped = compareRecords(b, a, await samplesOf(b, a)).metrics[0];
    expect(swapped).toMatchObject({
      better: "a",
      low: expect.closeTo(-one!.high!, 12),
      high: expect.closeTo(-one!.low!, 12),
    });
  });

  it("without samples, or of other questions, are taken for independent", async () => {
    const a = await answered({ one: base });
    const b = await answered({ one: better });
    expect(compareRecords(a, b).metrics[0]).toMatchObject({ method: "two-sample-z", better: null });
    expect(compareRecords(a, b).metrics[0]!.p).toBeGreaterThan(0.1);
    b.tasks[0]!.hash = "other";
    const other = compareRecords(a, b, await samplesOf(a, b));
    expect(other.metrics[0]!.method).toBe("two-sample-z");
    expect(other.differences).toContainEqual(expect.stringMatching(/one asked other questions/));
  });

  it("are not paired by a file that does not make the record's number", async () => {
    const a = await answered({ one: base });
    const b = await answered({ one: better });
    b.samplesFile = a.samplesFile;
    expect(compareRecords(a, b, await samplesOf(a, b)).metrics[0]!.method).toBe("two-sample-z");
  });

  it("are not paired where only the task's file knows what makes the number", async () => {
    const a = await answered({ one: base });
    const b = await answered({ one: better });
    for (const { tasks } of [a, b]) tasks[0]!.metrics.acc!.aggregation = "function";
    expect(compareRecords(a, b, await samplesOf(a, b)).metrics[0]!.method).toBe("two-sample-z");
  });

  it("say how they were run differently", () => {
    const a = sampleRecord();
    const b = sampleRecord({
      config: { ...a.config!, weights: "f32", limit: null },
      device: { ...a.device, cores: 8 },
    });
    b.model = { ...a.model, hash: "e".repeat(64) };
    expect(compareRecords(a, b).differences).toEqual([
      "the model's files are not the same",
      "device: local (EPYC, 2 cores) and local (EPYC, 8 cores)",
      "limit: 100 and null",
      "weights: int4 and f32",
    ]);
    expect(compareRecords(a, a).differences).toEqual([]);
  });

  it("compare calls, needles and what has no standard error", () => {
    const [a, b] = [sampleRecord(), sampleRecord()];
    b.calls = [
      {
        ...a.calls[0]!,
        metrics: { accuracy: { value: 0.7, stderr: 0.03 }, softAccuracy: { value: 0.6, stderr: null } },
      },
    ];
    b.needle = a.needle!.map((cell) => ({ ...cell, score: cell.score / 2 }));
    const found = new Map(compareRecords(a, b).metrics.map((one) => [`${one.name} ${one.metric}`, one]));
    expect(found.get("droidcall accuracy")).toMatchObject({ method: "two-sample-z", better: "b" });
    expect(found.get("droidcall softAccuracy")).toMatchObject({
      method: null,
      p: null,
      difference: expect.closeTo(-0.1, 12),
    });
    expect(found.get("wikitext word_perplexity")).toMatchObject({ difference: 0, p: null, better: null });
    expect(found.get("single found")).toMatchObject({ method: "paired-z", n: 2, b: expect.closeTo(0.41675, 12) });
    expect([...found.keys()]).not.toContain("sciq acc");
  });

  it("compare costs at the points that both have, as ratios", () => {
    const [a, b] = [sampleRecord(), sampleRecord()];
    const slower = { median: 44, spread: 0.1, repeats: 3 };
    const [point] = a.cost!.points;
    b.cost = { ...a.cost!, points: [{ ...point!, weights: "f32", decodeTokensPerSecond: slower }] };
    const found = compareRecords(a, b).cost;
    expect(found.map(({ quantity, ratio }) => [quantity, ratio])).toEqual([
      ["firstTokenMs", 1],
      ["prefillTokensPerSecond", 1],
      ["decodeTokensPerSecond", 0.5],
      ["memoryBytes", 1],
    ]);
    expect(found[2]).toMatchObject({ weights: ["int4", "f32"], low: 0.5 * (0.95 / 1.025), high: 0.5 * (1.05 / 0.975) });
    b.cost.points.push({ ...point!, prompt: 128 });
    expect(compareRecords(a, b).cost).toEqual([]); // two forms against one: which is meant is not clear
  });
});

describe("a file of samples", () => {
  it("that is damaged or gone is an error with its line", async () => {
    const a = await answered({ one: base });
    writeFileSync(join(folder, a.samplesFile!), '{"task":"one"}\n');
    await expect(readSamples(folder, a)).rejects.toThrow(/\.jsonl:1: not a sample/);
    await expect(readSamples(folder, { samplesFile: "samples/none.jsonl" })).rejects.toMatchObject({ code: "io" });
    expect(await readSamples(folder, { samplesFile: null })).toBe(null);
  });
});
