// Filters, orders, ids and the table for spreadsheets.
import { describe, expect, it } from "vitest";
import { recordsToCsv } from "./csv.ts";
import { sampleRecord } from "./record.case.ts";
import { findRecord, mainMetric, scoreOf, selectRecords, sortRecords } from "./select.ts";

const one = sampleRecord({ id: "20261126T200000000-0000aaaa" });
const two = sampleRecord({
  id: "20261126T210000000-0000bbbb",
  createdAt: "2026-11-26T21:00:00.000Z",
  model: { ...one.model, name: "other", catalogue: null, parameters: 5 },
  suite: null,
  device: { ...one.device, name: "ssh:pi@board", transport: "ssh" },
  tasks: [{ ...one.tasks[0]!, metrics: { acc: { value: 0.9, stderr: 0.1, higherIsBetter: true } } }],
  calls: [],
  cost: null,
});
const records = [one, two];

describe("a filter", () => {
  it.each([
    [{ model: "SMOLLM" }, [one]],
    [{ model: "other" }, [two]],
    [{ task: "wikitext" }, [one]],
    [{ task: "droidcall" }, [one]],
    [{ task: "wiki" }, []],
    [{ device: "epyc" }, [one, two]],
    [{ device: "ssh" }, [two]],
    [{ suite: "Quick" }, [one]],
    [{ since: "2026-11-26T20:30:00.000Z" }, [two]],
    [{}, [one, two]],
  ])("%o", (filter, wanted) => expect(selectRecords(records, filter)).toEqual(wanted));
});

describe("an order", () => {
  it.each([
    ["date", [two, one]],
    ["model", [one, two]],
    ["parameters", [two, one]],
    ["score", [two, one]],
    ["decode", [one, two]],
    ["memory", [one, two]],
  ] as const)("by %s", (order, wanted) => expect(sortRecords(records, order)).toEqual(wanted));
});

describe("an id", () => {
  it("may be given by its beginning or its end", () => {
    for (const id of [one.id, "20261126T20", "0000aaaa"]) expect(findRecord(records, id)).toBe(one);
    expect(() => findRecord(records, "2026")).toThrow(/beginning of 20261126T200000000-0000aaaa, .*; give more of it/);
    expect(() => findRecord(records, "9")).toThrow(/there is no record "9"; the newest is 20261126T210000000-0000bbbb/);
    expect(() => findRecord([], "9")).toThrow(/there are none yet/);
  });
});

it("a task's main metric, and a record's score, count each group once", () => {
  const [piqa, wikitext, failed] = one.tasks;
  expect(mainMetric(piqa!)).toMatchObject({ name: "acc_norm", value: 0.64 });
  expect(mainMetric(failed!)).toBe(null);
  expect(scoreOf(one)).toEqual({ value: 0.64, of: "1 task" });
  expect(scoreOf(one, "wikitext")).toEqual({ value: 31.5, of: "wikitext word_perplexity" });
  expect(scoreOf(one, "sciq")).toBe(null);
  const part = (name: string, value: number) => ({
    ...two.tasks[0]!,
    name,
    metrics: { acc: { ...two.tasks[0]!.metrics.acc!, value } },
  });
  const group = { ...part("g", 0.4), kind: "group" as const, parts: ["p", "q"] };
  const grouped = { ...one, tasks: [part("p", 0.1), part("q", 0.7), group, part("r", 0.2)] };
  expect(scoreOf(grouped)).toEqual({ value: expect.closeTo(0.3, 12), of: "mean of 2 tasks" });
  expect(scoreOf({ ...one, tasks: [wikitext!] })).toBe(null);
});

it("the table for spreadsheets has a row per number, and no formulas", () => {
  const odd = { ...one, model: { ...one.model, name: '=HYPERLINK("x"),\n' }, suite: "a,b" };
  const text = recordsToCsv([odd]);
  expect(text).toContain(`"'=HYPERLINK(""x""),\n"`);
  const lines = recordsToCsv([one])
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  const [titles, ...rows] = lines;
  const table = rows.map((row) => Object.fromEntries(titles!.map((title, i) => [title, row[i]])));
  for (const row of rows) expect(row).toHaveLength(titles!.length);
  expect(table.map(({ kind, name, metric, value }) => [kind, name, metric, value])).toEqual([
    ["task", "piqa", "acc", "0.61"],
    ["task", "piqa", "acc_norm", "0.64"],
    ["task", "wikitext", "word_perplexity", "31.5"],
    ["calls", "droidcall", "accuracy", "0.5"],
    ["calls", "droidcall", "softAccuracy", "0.7"],
    ["needle", "single", "found", "1"],
    ["needle", "single", "found", "0.667"],
    ["cost", "", "firstTokenMs", "210"],
    ["cost", "", "prefillTokensPerSecond", "305"],
    ["cost", "", "decodeTokensPerSecond", "88"],
    ["cost", "", "memoryBytes", "120000000"],
    ["cost", "", "decodeJoulesPerToken", "0.21"],
    ["sustained", "60 s", "kept", "0.98"],
  ]);
  expect(table[0]).toMatchObject({
    record: one.id,
    stderr: "0.049",
    weights: "int4",
    higher_is_better: "true",
    n: "100",
  });
});
