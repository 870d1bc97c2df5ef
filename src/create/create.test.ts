// The whole pipeline in this process, from a file of calls to an int4 model that answers them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCallModel } from "../generate/call-model.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import { readModelConfig } from "../model/directory.ts";
import { create, trainModel } from "./create.ts";
import { writeTinyCalls } from "./tiny-data.case.ts";
import type { CreateEvent, CreateOptions, CreateResult } from "./types.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-create-"));
afterAll(() => rmSync(folder, { recursive: true }));
const out = join(folder, "runs");
const data = writeTinyCalls(join(folder, "home.jsonl"));
const spec = join(folder, "spec.json");
writeFileSync(
  spec,
  JSON.stringify({ layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 1, context: 256, activation: "silu" }),
);
const quick: CreateOptions = { out, data, spec, threads: 1, recipe: { length: { steps: 3 }, validations: 1 } };

async function collect(options: CreateOptions): Promise<{ result: CreateResult; events: CreateEvent[] }> {
  const events: CreateEvent[] = [];
  const result = await create(options, (event) => events.push(event));
  return { result, events };
}

function bytesOf(dir: string): Record<string, Buffer> {
  const names = readdirSync(dir, { recursive: true }) as string[];
  const files = names.filter((name) => statSync(join(dir, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(dir, name))]));
}

const weights = (dir: string, form: "float" | "int4") => readFileSync(join(dir, form, "model.safetensors"));

describe("create on a file of calls", () => {
  const learning = { length: { steps: 250 }, validations: 2, learningRate: 5e-3, init: "copy" };
  let result: CreateResult;
  let events: CreateEvent[];
  beforeAll(async () => {
    ({ result, events } = await collect({ ...quick, recipe: learning }));
  });
  const file = (name: string) => join(result.dir, name);

  it("learns: at least 90 % of the test queries are answered exactly right, in int4 as well", async () => {
    expect(result.floatAccuracy).toBeGreaterThanOrEqual(0.9);
    expect(result.accuracy).toBeGreaterThanOrEqual(0.9);
    expect(result).toMatchObject({ name: "home", dir: join(out, "home"), testSamples: 24 });
    const { caller, functions } = await loadCallModel(createReferenceBackend(), file("int4"));
    expect(functions.map(({ name }) => name).sort()).toEqual(["play", "set_alarm"]);
    expect(caller.call("put on hello number 77").calls).toEqual([{ name: "play", arguments: { song: "hello" } }]);
  });

  it("goes through the stages in order and reports each", () => {
    const stages = events.flatMap((event) => (event.type === "stage" ? [event.stage] : []));
    expect(stages).toEqual(["device", "data", "architecture", "training", "quantising", "result"]);
    const others = new Set(events.map(({ type }) => type).filter((type) => type !== "stage" && type !== "progress"));
    const order = ["device", "data", "architecture", "recipe", "train", "quantised", "evaluated", "queries", "done"];
    expect([...others]).toEqual(order);
    const summary = events.find((event) => event.type === "data")!.summary;
    expect(summary).toMatchObject({ source: data, functions: 2, train: 192, validation: 24, test: 24, skipped: 0 });
    expect(summary.examples).toHaveLength(3);
    const { answers } = events.find((event) => event.type === "queries")!;
    expect(answers).toHaveLength(5);
    for (const { calls, commands, text } of answers) {
      expect(commands).toHaveLength(calls.length);
      expect(text).toMatch(/^(play\(song="\w+"\)|set_alarm\(hour=\d+\))$/);
    }
  });

  it("writes what it was asked and what it decided, the result, and metrics as JSON lines", async () => {
    const run = JSON.parse(readFileSync(file("run.json"), "utf8"));
    expect(run).toMatchObject({ version: 1, options: { data, spec }, recipe: { length: { steps: 250 }, seed: 1 } });
    expect(run.spec).toEqual((await readModelConfig(file("float"))).spec);
    expect(JSON.parse(readFileSync(file("result.json"), "utf8"))).toEqual(result);
    const lines = readFileSync(file("metrics.jsonl"), "utf8").trimEnd().split("\n");
    const metrics = lines.map((line) => JSON.parse(line) as CreateEvent & { seconds: number });
    for (const [i, { seconds }] of metrics.entries())
      expect(seconds).toBeGreaterThanOrEqual(metrics[i - 1]?.seconds ?? 0);
    expect(metrics.at(-1)).toMatchObject({ type: "done", result });
    const steps = metrics.filter((event) => event.type === "train" && event.event.type === "step");
    expect(steps).toHaveLength(250);
  });

  it("sizes are those of the files, and int4 is the smaller", () => {
    expect(result.sizeBytes).toBe(statSync(file("int4/model.safetensors")).size);
    expect(result.floatBytes).toBe(statSync(file("float/model.safetensors")).size);
    expect(result.sizeBytes * 5).toBeLessThan(result.floatBytes);
    for (const form of ["float", "int4"]) {
      for (const name of [
        "config.json",
        "tokenizer.json",
        "generation_config.json",
        "functions.json",
        "handheld.json",
      ]) {
        expect(existsSync(join(result.dir, form, name)), `${form}/${name}`).toBe(true);
      }
    }
  });

  it("the report is one page that shows the numbers and asks nothing of the network", () => {
    const report = readFileSync(file("report.html"), "utf8");
    const text = report.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, "").replace(/<[^>]+>/g, " ");
    expect(text).toContain("home");
    expect(text).toContain((100 * result.accuracy).toFixed(1));
    for (const { query } of events.find((event) => event.type === "queries")!.answers) expect(text).toContain(query);
    expect(report).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});

describe("a second run", () => {
  it("of the same name gets -2, leaves the first as it was and, with the same seed, makes the same models", async () => {
    const first = await create({ ...quick, name: "twice" });
    const before = bytesOf(first.dir);
    const second = await create({ ...quick, name: "twice" });
    const other = await create({ ...quick, name: "twice", seed: 2 });
    expect([first.name, second.name, other.name]).toEqual(["twice", "twice-2", "twice-3"]);
    expect(bytesOf(first.dir)).toEqual(before);
    for (const form of ["float", "int4"] as const) {
      expect(weights(second.dir, form).equals(weights(first.dir, form))).toBe(true);
      expect(weights(other.dir, form).equals(weights(first.dir, form))).toBe(false);
    }
  });
});

describe("create with a search", () => {
  it("chooses the architecture within the budget, on this device, and shows the table", async () => {
    const { spec: _, ...searching } = quick;
    const budget = { maxParameters: 450_000, vocabulary: 320 };
    const { result, events } = await collect({ ...searching, ...budget, name: "searched" });
    const { search, spec: chosen, parameters } = events.find((event) => event.type === "architecture")!;
    expect(parameters).toBe(result.parameters);
    expect(parameters).toBeGreaterThanOrEqual(270_000);
    expect(parameters).toBeLessThanOrEqual(450_000);
    expect(search!.chosen.spec).toEqual(chosen);
    expect(search!.rows.length).toBeGreaterThan(0);
    const report = readFileSync(join(result.dir, "report.html"), "utf8");
    expect(report).toContain(search!.space.description);
  });
});

describe("trainModel", () => {
  it("only trains, and leaves the float model", async () => {
    const result = await trainModel({ ...quick, spec, name: "trained" });
    expect(result).toMatchObject({ name: "trained", dir: join(out, "trained") });
    expect(result.validation!.metrics).toMatchObject({ accuracy: expect.any(Number) });
    expect(readdirSync(result.dir).sort()).toEqual(["checkpoint.bin", "float", "metrics.jsonl", "run.json"]);
  });
});

describe("what cannot be done is said, and leaves no folder behind", () => {
  it.each<[string, Partial<CreateOptions> & { spec?: string }, string, RegExp]>([
    ["a name with a slash", { name: "../up" }, "invalid-option", /^a run's name has letters, digits/],
    ["nothing to resume", { name: "never", resume: true }, "invalid-option", /^there is no run to resume at .*never/],
    ["schemas without data", { data: undefined, functions: spec }, "invalid-option", /^--functions needs --data/],
    ["data that is not there", { data: join(folder, "none.jsonl") }, "io", /^cannot read .*none\.jsonl: no such file/],
    ["a spec that is not there", { spec: "MobileLM-125M" }, "invalid-spec", /did you mean "MobileLLM-125M"\?/],
    [
      "a recipe with an unknown field",
      { recipe: { lenght: {} } },
      "invalid-option",
      /unknown field "lenght"; did you mean "length"/,
    ],
  ])("%s", async (_what, options, code, message) => {
    const before = readdirSync(folder, { recursive: true });
    const error = await trainModel({ ...quick, spec, name: "refused", ...options }).then(
      () => new Error("it ran"),
      (cause: Error) => cause,
    );
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code });
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  it("also behind a stage that wrote metrics", async () => {
    const before = readdirSync(out);
    await expect(create({ ...quick, data: join(folder, "none.jsonl") })).rejects.toThrow(/^cannot read/);
    expect(readdirSync(out)).toEqual(before);
  });

  it("a context shorter than the data", async () => {
    const short = join(folder, "short.json");
    writeFileSync(short, JSON.stringify({ layers: 1, width: 32, ffnWidth: 32, heads: 1, vocabulary: 1, context: 8 }));
    await expect(trainModel({ ...quick, spec: short })).rejects.toThrow(
      /short\.json: context 8 is shorter than the longest training sequence, \d+ tokens; raise it$/,
    );
  });
});
