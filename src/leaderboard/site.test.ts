// From records to the site's data: which rows and measures there are, that kinds never meet, and that a run's part of the
// details is its record again.
import { describe, expect, it } from "vitest";
import { sampleRecord } from "../results/record.case.ts";
import type { ResultRecord } from "../results/record.ts";
import type { Row, SiteData } from "./data.ts";
import { packSite, unpackSite } from "./data.ts";
import { packDetails, runResults, unpackDetails } from "./details.ts";
import { publishedTables } from "./published/index.ts";
import { madeUpRecords } from "./records.case.ts";
import { createSite } from "./site.ts";

const options = { title: "Test", builtAt: "2026-11-26T20:00:00.000Z" };
const build = (...records: ResultRecord[]) => createSite(records, publishedTables, options);
const measured = ({ rows }: SiteData) => rows.filter(({ kind }) => kind === "measured");
const scoreOf = ({ measures }: SiteData, row: Row, id: string) =>
  row.scores.get(measures.findIndex((measure) => measure.id === id));

describe("createSite", () => {
  it("makes a row per number format; scores belong to the format that was asked", () => {
    const record = sampleRecord();
    const [point] = record.cost!.points;
    record.cost!.points = [point!, { ...point!, weights: "int8", prompt: 128 }];
    const { site } = build(record);
    const [asked, other] = measured(site);
    expect(measured(site).map(({ weights }) => weights)).toEqual(["int4", "int8"]);
    expect(scoreOf(site, asked!, "piqa|0-shot")).toEqual({ value: 0.64, stderr: 0.048 }); // acc_norm
    expect(other!.scores.size).toBe(0);
    expect(asked!.costs).toEqual([{ prompt: 64, prefill: 305, decode: 88, firstTokenMs: 210, memoryBytes: 120e6 }]);
    expect(other!.costs.map(({ prompt }) => prompt)).toEqual([128]);
    expect([asked!.limit, other!.limit]).toEqual([100, null]);
  });

  it("compares at the most threads, and takes of equal prompts the longest output", () => {
    const record = sampleRecord();
    const [point] = record.cost!.points;
    const speed = (median: number) => ({ ...point!.decodeTokensPerSecond, median });
    record.cost!.points = [
      { ...point!, threads: 1, decodeTokensPerSecond: speed(10) },
      { ...point!, threads: 4, output: 8, decodeTokensPerSecond: speed(20) },
      { ...point!, threads: 4, output: 64, decodeTokensPerSecond: speed(30) },
    ];
    const [row] = measured(build(record).site);
    expect([row!.threads, row!.costs.map(({ decode }) => decode)]).toEqual([4, [30]]);
  });

  it("leaves out what failed and the parts of groups, and keeps versions of a task apart", () => {
    const [first, second] = [sampleRecord(), sampleRecord()];
    const [piqa] = first.tasks;
    first.tasks.push({ ...piqa!, name: "mmlu", kind: "group", parts: ["mmlu_law"] }, { ...piqa!, name: "mmlu_law" });
    second.tasks = [{ ...piqa!, version: 2 }];
    const { site, details } = build(first, second);
    const ids = site.measures.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["piqa|0-shot, version 1", "piqa|0-shot, version 2", "mmlu|0-shot"]));
    expect(ids.filter((id) => /sciq|law/.test(id))).toEqual(["sciq|0-shot"]); // the published one
    expect(details.tasks.map(({ name }) => name)).not.toContain("mmlu_law");
  });

  it("never lets kinds meet: each average is of one row, published rows have sources and no runs", () => {
    const records = madeUpRecords({ count: 20 });
    const { site } = createSite(records, publishedTables, options);
    const average = site.measures.findIndex(({ id }) => id === "average-phonelm");
    for (const kind of ["measured", "published"] as const) {
      const rows = site.rows.filter((row) => row.kind === kind && row.scores.has(average));
      expect(rows.length).toBeGreaterThan(5);
      for (const row of rows) {
        const tasks = ["hellaswag", "winogrande", "piqa", "sciq", "boolq", "arc_easy", "arc_challenge"];
        const values = tasks.map((task) => scoreOf(site, row, `${task}|0-shot`)!.value);
        expect(row.scores.get(average)!.value).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 7, 3);
        expect([row.source !== null, row.run === null]).toEqual(kind === "published" ? [true, true] : [false, false]);
      }
    }
    // A printed average is of the same tasks: Table 5 of PhoneLM has 60.17 for this one.
    const row = site.rows.find(
      ({ kind, model, source }) => kind === "published" && source === 0 && site.models[model]!.name === "SmolLM-360M",
    );
    expect(row!.scores.get(average)).toEqual({ value: 0.6017, stderr: null });
  });

  it("knows a model by its name in the catalogue, wherever it comes from; addresses are unique and plain", () => {
    const own = sampleRecord({ model: { ...sampleRecord().model, name: "../évil </x>", catalogue: null } });
    const like = sampleRecord({ model: { ...sampleRecord().model, name: "evil x", catalogue: null } });
    const { site } = build(sampleRecord(), own, like);
    const names = site.models.map(({ name }) => name);
    expect(names.filter((name) => name === "SmolLM-135M")).toHaveLength(1);
    expect(site.models.filter(({ name }) => /vil/.test(name)).map(({ slug }) => slug)).toEqual(["e-vil-x", "evil-x"]);
    for (const { slug } of [...site.models, ...site.devices]) expect(slug).toMatch(/^[a-z0-9-]+$/);
    expect(new Set(site.models.map(({ slug }) => slug)).size).toBe(names.length);
    expect(site.models.find(({ name }) => name === "SmolLM-135M")).toMatchObject({
      organisation: "Hugging Face",
      shape: "30 layers × 576",
    });
  });

  it("comes back from what is written", () => {
    const { site, details } = createSite(madeUpRecords({ count: 30 }), publishedTables, options);
    expect(unpackSite(JSON.parse(JSON.stringify(packSite(site))))).toEqual(site);
    expect(unpackDetails(JSON.parse(JSON.stringify(packDetails(details))))).toEqual(details);
  });
});

describe("runResults", () => {
  it("is the run's record, to the digits that are kept", () => {
    const record = sampleRecord();
    const { details } = build(madeUpRecords({ count: 1 })[0]!, record);
    const run = details.runs.findIndex(({ id }) => id === record.id);
    const found = runResults(details, run);
    expect(found.calls).toEqual(record.calls);
    expect(found.needle!.map(({ score }) => score)).toEqual(record.needle!.map(({ score }) => score));
    expect(found.notes).toEqual(record.notes);
    expect(found.tasks.map(({ name, metrics }) => [name, metrics])).toEqual(
      record.tasks.map(({ name, metrics }) => [name, metrics]),
    );
    expect(found.tasks[2]!.error!.message).toBe("no split");
    const { points, breakdown, sustained, energy } = record.cost!;
    expect(found.cost).toMatchObject({ points, breakdown, energy });
    expect(found.cost!.sustained).toMatchObject({ ...sustained!, points: sustained!.points });
  });

  it("thins long runs, and keeps their end", () => {
    const record = sampleRecord();
    const point = record.cost!.sustained!.points[0]!;
    record.cost!.sustained!.points = Array.from({ length: 1000 }, (_, i) => ({ ...point, at: i + 1 }));
    const { points } = runResults(build(record).details, 0).cost!.sustained!;
    expect(points.length).toBeLessThanOrEqual(24);
    expect(points.at(-1)!.at).toBe(1000);
  });
});
